package capacity

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func search(limit float64, chance func(factor float64) float64) (*Found, int) {
	r := rand.New(rand.NewPCG(4, 4))
	runs := 0
	f, _ := Search{Least: 1.0 / 16, Most: 16, Precision: .02, Rounds: 3, Border: 9}.Run(func(factor float64, from, n int) (out []Round, _ error) {
		for range n {
			runs++
			met := factor <= limit
			if chance != nil {
				met = r.Float64() < chance(factor)
			}
			out = append(out, Round{met, "p99 was too much"})
		}
		return out, nil
	})
	return f, runs
}

// Without noise the border is found to the precision, wherever it lies, and what lies outside the bounds is said to.
func TestSearch(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{.07, .4, 1, 1.3, 7, 15.9} {
		f, runs := search(limit, nil)
		if f.State != Between || f.Met > limit || f.Broken <= limit || f.Broken/f.Met > 1.02+1e-9 || f.Surely != f.Met || f.Hardly != f.Broken || f.Crooked {
			t.Errorf("%v: %+v", limit, f)
		}
		if runs > 60 {
			t.Errorf("%v took %d runs", limit, runs)
		}
	}
	if f, _ := search(99, nil); f.State != Bound || f.Met != 16 || f.Broken != 0 || f.Hardly != 0 {
		t.Errorf("above the bound: %+v", f)
	}
	if f, _ := search(.01, nil); f.State != Never || f.Broken != 1.0/16 || f.Met != 0 || f.Surely != 0 {
		t.Errorf("below the least: %+v", f)
	}
}

// With noise the border lies where half of the rounds pass, within the interval that the rounds leave open.
func TestSearchInNoise(t *testing.T) {
	t.Parallel()
	f, _ := search(0, func(factor float64) float64 { return 1 / (1 + math.Exp(30*(factor-3))) })
	if f.Met < 2.7 || f.Met > 3.3 || f.Surely > 3 || f.Hardly != 0 && f.Hardly < 3 || len(f.At(f.Met).Rounds) != 9 {
		t.Errorf("%+v", f)
	}
	crooked, _ := search(0, func(factor float64) float64 {
		if factor > .9 && factor < 1.1 {
			return 0
		}
		return 1
	})
	if crooked.State != Between || crooked.Met >= 1 {
		t.Errorf("%+v", crooked)
	}
}

// Rounds leave open what chance leaves open, not how far apart the loads were that were tried: each end lies within a few percent of a
// load that went the other way.
func TestSearchNarrowsBothEnds(t *testing.T) {
	t.Parallel()
	f, runs := search(0, func(factor float64) float64 { return 1 / (1 + math.Exp(30*(factor-3))) })
	low, next := f.lowEnd()
	last, high := f.highEnd()
	if low != f.Surely || high != f.Hardly || low == 0 || high == 0 {
		t.Fatalf("an end is open: %+v", f)
	}
	if next/low > 1.021 || high/last > 1.021 || low < 2.5 || high > 3.5 {
		t.Errorf("met by all up to %.3f (next %.3f), by none from %.3f on (before %.3f)", low, next, high, last)
	}
	if runs > 150 {
		t.Errorf("it took %d runs", runs)
	}
}

// Each way to end is said.
func TestSentences(t *testing.T) {
	t.Parallel()
	free, _ := search(3, nil)
	under, _ := search(1.5, nil)
	bound, _ := search(99, nil)
	never, _ := search(.01, nil)
	c := &Capacity{Scenario: "shop", Loads: []Load{{"users", 100, "/s"}}, Search: Search{Least: 1.0 / 16, Most: 16, Precision: .02, Rounds: 3, Border: 9},
		Cases: []Case{{Name: "without faults", Found: free}, {Name: "under x", Found: under}, {Name: "b", Found: bound}, {Name: "n", Found: never}, {Name: "w", Why: "nothing is expected of it"}}}
	said := strings.Join(c.Answer().Sentences, "\n")
	for _, want := range []string{"without faults: 29", "under x: 14", "50 % less than without faults", "b: met up to the bound, 1600/s",
		"n: not met even at 6.25/s: p99 was too much", "w: not looked for, nothing is expected of it"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	d := c.Document()
	if d.Cases[2].Broken != nil || d.Cases[3].Met != nil || d.Cases[4].State != "unknown" || len(d.Cases[0].Trials) < 4 {
		t.Errorf("%+v", d.Cases)
	}
}
