package compare

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/squallhq/squall/report/answer"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// Of comparisons of four designs that are the same, 5 % at most call anything different in any of the three comparisons of the table: 20 of 200
// or more would show more with a confidence of 99 %.
func TestFalseAlarmsInAWholeTable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 11))
	alarms := 0
	for range 200 {
		var sides []*Side
		for range 4 {
			sides = append(sides, noisy(r, "docker", 8, 12, 0))
		}
		called := false
		for _, c := range Rounds(sides, 0).Against {
			called = called || c.has(Worse) || c.has(Improved)
		}
		if called {
			alarms++
		}
	}
	if alarms > 19 {
		t.Errorf("%d of 200 comparisons of four designs that are the same call a difference", alarms)
	}
}

// An interval that is called one of 95 % holds the truth in about 95 %, of few rounds too: 372 of 400 or fewer are less with 95 %.
func TestIntervalsHoldTheTruth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{6, 20} {
		holds := 0
		for range 400 {
			sample := make([]float64, n)
			for i := range sample {
				sample[i] = 5 + r.NormFloat64()
			}
			if low, high := interval(n, func(draw []int) float64 { return mean(sample, draw) }); low <= 5 && 5 <= high {
				holds++
			}
		}
		if holds < 369 || holds > 395 {
			t.Errorf("%d rounds: %d of 400 intervals hold the truth", n, holds)
		}
	}
	for freedom, want := range map[int]float64{5: 2.5706, 9: 2.2622, 19: 2.0930, 39: 2.0227} {
		if got := student(freedom); math.Abs(got-want) > .005 {
			t.Errorf("Student with %d degrees of freedom: %.4f, want %.4f", freedom, got, want)
		}
	}
}

// Runs are paired by their seeds, whatever their order; those that some side lacks are left out.
func TestBySeed(t *testing.T) {
	t.Parallel()
	side := func(seeds ...uint64) *Side {
		s := &Side{Figures: []Named{{"p50", Millis, metric.Less}}}
		for _, seed := range seeds {
			v := float64(seed)
			s.Runs = append(s.Runs, Run{seed, []*float64{&v}})
		}
		return s
	}
	got, left := BySeed([]*Side{side(3, 1, 2, 2), side(2, 9, 3, 2, 2), side(2, 3, 2)})
	for i, s := range got {
		var seeds []uint64
		for _, r := range s.Runs {
			seeds = append(seeds, r.Seed)
		}
		if len(seeds) != 3 || seeds[0] != 2 || seeds[1] != 2 || seeds[2] != 3 {
			t.Errorf("side %d has rounds of seeds %v", i, seeds)
		}
	}
	if left != 3 {
		t.Errorf("%d left out", left)
	}
}

// Every cost is told of every design, what is unknown with its reason and never as 0.
func TestEveryCostIsTold(t *testing.T) {
	t.Parallel()
	bare := &record.Result{Scenario: "shop", Engine: "docker", Nodes: []record.Node{{Instance: "a-1", Counters: map[string]float64{"cpu_seconds_total": 1}}, {Instance: "a-2"}}}
	d := Rounds([]*Side{NewSide("whole", measured()), NewSide("bare", bare)}, 0)
	costs := map[string][2]string{}
	a := d.Answer()
	table := a.Parts[len(a.Parts)-1].Table
	for _, r := range table.Rows {
		costs[r.Name] = [2]string{r.Cells[0].Text, r.Cells[1].Text}
	}
	want := map[string][2]string{
		"attempts": {"100", "unknown"}, "amplification, the most of an edge": {"1.50x", "unknown"}, "connections opened": {"3", "unknown"},
		"CPU of the nodes": {"0.75 s", "unknown"}, "backlog at the end": {"7", "no queue"}, "stale reads": {"0.00%", "nothing was answered"},
		"degraded answers": {"10.00%", "nothing was sent"}, "acknowledged writes lost": {"2", "unknown"}}
	for name, cells := range want {
		if costs[name] != cells {
			t.Errorf("%s: %q, want %q", name, costs[name], cells)
		}
	}
	if len(costs) != len(want) {
		t.Errorf("costs: %v", costs)
	}
	for _, why := range []string{"CPU of the nodes: that of a-2 is not known", "acknowledged writes lost: no writes were read back"} {
		if !strings.Contains(table.Note, why) {
			t.Errorf("the note does not say %q: %s", why, table.Note)
		}
	}
	data, err := json.Marshal(d.Document())
	if err != nil || !strings.Contains(string(data), `"name":"CPU of the nodes","part":"cost","unit":"s","better":"less","of":[{"design":"whole","known":1`) ||
		!strings.Contains(string(data), `"unknown":"that of a-2 is not known","values":[null],"median":null`) {
		t.Errorf("%v: %s", err, data)
	}
}

// In no width is a line longer than the terminal is wide, and no name of a scenario is markup.
func TestAnswersOfComparisons(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	a, b := noisy(r, "virtual", 8, 5, 0), noisy(r, "virtual", 8, 5, .5)
	a.Call("plain")
	b.Call("a|b<c>")
	d := Rounds([]*Side{a, b}, 0)
	for _, width := range []int{60, 80, 100, 160} {
		var out bytes.Buffer
		if err := answer.Terminal(&out, d.Answer(), width); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
	var out bytes.Buffer
	if err := answer.Markdown(&out, d.Answer()); err != nil || !strings.Contains(out.String(), `| plain | a\|b&lt;c&gt; | against plain |`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What is known in the same runs of both sides is compared there, and nothing that differs is called the same because as many know it.
func TestVirtualKnownInSomeRuns(t *testing.T) {
	t.Parallel()
	five, six := 5.0, 6.0
	side := func(first, second *float64) *Side {
		return &Side{Engine: "virtual", Figures: []Named{{"p99", Millis, metric.Less}}, Runs: []Run{{1, []*float64{first}}, {2, []*float64{second}}}}
	}
	if c := Between(side(&five, nil), side(&six, nil), 0); !c.Regressed() || c.Rows[0].By != 1 {
		t.Errorf("known in one run, and worse in it: %+v", c.Rows)
	}
	if c := Between(side(&five, nil), side(&five, nil), 0); !c.Told() || c.Rows[0].Change != Same {
		t.Errorf("known in one run, the same in it: %+v", c.Rows)
	}
	if c := Between(side(&five, nil), side(nil, &five), 0); c.Told() {
		t.Errorf("known in another run: %+v", c.Rows)
	}
}
