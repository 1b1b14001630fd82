package load

import (
	"math"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

func all(l *scenarios.Load, seed uint64, from, until time.Duration) []time.Duration {
	a := newArrivals(l, seed, from, until)
	var out []time.Duration
	for at, ok := a.next(); ok; at, ok = a.next() {
		out = append(out, at)
	}
	return out
}

func countIn(ats []time.Duration, from, until time.Duration) int {
	n := 0
	for _, at := range ats {
		if at >= from && at < until {
			n++
		}
	}
	return n
}

// The counts are the integrals of the rates.
func TestConstantArrivals(t *testing.T) {
	t.Parallel()
	sec := time.Second
	cases := []struct {
		name        string
		load        scenarios.Load
		from, until time.Duration
		counts      map[[2]time.Duration]int
		exact       map[int]time.Duration
	}{
		{"level", scenarios.Load{Rate: 500}, 0, 10 * sec,
			map[[2]time.Duration]int{{0, 10 * sec}: 5000, {3 * sec, 4 * sec}: 500},
			map[int]time.Duration{0: 0, 1: 2 * time.Millisecond, 4999: 9998 * time.Millisecond}},
		{"a rate that no whole ns divides", scenarios.Load{Rate: 3}, 0, 1000 * sec,
			map[[2]time.Duration]int{{0, 1000 * sec}: 3000}, map[int]time.Duration{2999: 999*sec + 666666667}},
		{"one in ten seconds", scenarios.Load{Rate: 0.1}, 0, 60 * sec, map[[2]time.Duration]int{{0, 60 * sec}: 6}, nil},
		{"warm-up goes on into the first phase", scenarios.Load{Rate: 500}, -2 * sec, 4 * sec,
			map[[2]time.Duration]int{{-2 * sec, 0}: 1000, {0, 4 * sec}: 2000}, map[int]time.Duration{0: -2 * sec, 1000: 0}},
		{"ramp", scenarios.Load{Stages: []scenarios.Stage{{For: 10 * sec, From: 50, To: 250}}}, 0, 20 * sec,
			map[[2]time.Duration]int{{0, 5 * sec}: 500, {5 * sec, 10 * sec}: 1000, {10 * sec, 20 * sec}: 2500}, nil},
		{"ramp from nothing", scenarios.Load{Stages: []scenarios.Stage{{For: 10 * sec, To: 100}}}, -5 * sec, 10 * sec,
			map[[2]time.Duration]int{{-5 * sec, 0}: 0, {0, 10 * sec}: 500}, map[int]time.Duration{0: 0}},
		{"ramp to nothing ends", scenarios.Load{Stages: []scenarios.Stage{{For: 10 * sec, From: 100, To: 0}}}, 0, 100 * sec,
			map[[2]time.Duration]int{{0, 5 * sec}: 375, {0, 100 * sec}: 500}, nil},
		{"level, step, ramp on from there", scenarios.Load{Stages: []scenarios.Stage{{For: 2 * sec, Rate: 100}, {For: 2 * sec, Rate: 300}, {For: 4 * sec, To: 100}}}, 0, 10 * sec,
			map[[2]time.Duration]int{{0, 2 * sec}: 200, {2 * sec, 4 * sec}: 600, {4 * sec, 8 * sec}: 800, {8 * sec, 10 * sec}: 200}, nil},
		{"begun in the middle", scenarios.Load{Stages: []scenarios.Stage{{For: 10 * sec, From: 0, To: 100}}}, 5 * sec, 10 * sec,
			map[[2]time.Duration]int{{5 * sec, 10 * sec}: 375}, map[int]time.Duration{0: 5 * sec}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ats := all(&c.load, 1, c.from, c.until)
			for span, want := range c.counts {
				if got := countIn(ats, span[0], span[1]); got < want || got > want+1 {
					t.Errorf("%d arrivals in %v, want %d", got, span, want)
				}
			}
			for k, want := range c.exact {
				if ats[k] != want {
					t.Errorf("arrival %d at %v, want %v", k, ats[k], want)
				}
			}
			for i := 1; i < len(ats); i++ {
				if ats[i] < ats[i-1] {
					t.Fatalf("arrival %d at %v, before its predecessor at %v", i, ats[i], ats[i-1])
				}
			}
		})
	}
}

// dispersion is variance / mean of the counts in bins: 0 for a constant flow, 1 for Poisson.
func dispersion(ats []time.Duration, length, bin time.Duration) float64 {
	counts := make([]float64, length/bin)
	for _, at := range ats {
		counts[at/bin]++
	}
	mean, squares := 0.0, 0.0
	for _, n := range counts {
		mean += n / float64(len(counts))
	}
	for _, n := range counts {
		squares += (n - mean) * (n - mean) / float64(len(counts))
	}
	return squares / mean
}

func TestDispersion(t *testing.T) {
	t.Parallel()
	const length = 100 * time.Second
	cases := []struct {
		shape    string
		bin      time.Duration
		from, to float64
	}{
		{"constant", 10 * time.Millisecond, 0, 0.01},
		{"poisson", 10 * time.Millisecond, 0.95, 1.05},
		// Groups of 10 at Poisson times: the variance of a sum of N groups is 100 E[N], its mean 10 E[N].
		{"bursty", 100 * time.Millisecond, 8.5, 11.5},
	}
	for _, c := range cases {
		t.Run(c.shape, func(t *testing.T) {
			t.Parallel()
			ats := all(&scenarios.Load{Name: "users", Rate: 2000, Arrivals: c.shape}, 7, 0, length)
			if off := math.Abs(float64(len(ats))-200_000) / 200_000; off > 0.02 {
				t.Errorf("%d arrivals, want 200,000", len(ats))
			}
			if got := dispersion(ats, length, c.bin); got < c.from || got > c.to {
				t.Errorf("dispersion %.3f, want %v to %v", got, c.from, c.to)
			}
			again := all(&scenarios.Load{Name: "users", Rate: 2000, Arrivals: c.shape}, 7, 0, length)
			if len(again) != len(ats) || again[len(ats)/2] != ats[len(ats)/2] {
				t.Error("the same seed gives other arrivals")
			}
		})
	}
}

// Poisson gaps are exponential: the share of gaps longer than x means is e^-x.
func TestPoissonGaps(t *testing.T) {
	t.Parallel()
	ats := all(&scenarios.Load{Name: "users", Rate: 1000, Arrivals: "poisson"}, 3, 0, 200*time.Second)
	for _, x := range []float64{0.1, 0.5, 1, 2, 4} {
		longer := 0
		for i := 1; i < len(ats); i++ {
			if (ats[i] - ats[i-1]).Seconds() > x/1000 {
				longer++
			}
		}
		got, want := float64(longer)/float64(len(ats)-1), math.Exp(-x)
		if math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/200_000) {
			t.Errorf("share of gaps longer than %v means = %.4f, want %.4f", x, got, want)
		}
	}
}

func TestBurstsComeTogether(t *testing.T) {
	t.Parallel()
	ats := all(&scenarios.Load{Name: "users", Rate: 100, Arrivals: "bursty", Burst: 7}, 3, 0, 100*time.Second)
	for i := range ats {
		if ats[i] != ats[i-i%7]+time.Duration(i%7) { // a ns decides who is first
			t.Fatalf("arrival %d at %v is not with its group at %v", i, ats[i], ats[i-i%7])
		}
	}
}
