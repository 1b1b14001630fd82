package compare

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// noisy is a side of runs, the figures of which are drawn around 100, each as noisy as its number, with a common share of a round's own luck.
// slower of them are so much more.
func noisy(r *rand.Rand, engine string, runs, figures int, slower float64) *Side {
	s := &Side{Version: version, Scenario: "s", Engine: engine, Machine: "m"}
	for f := range figures {
		s.Figures = append(s.Figures, Named{fmt.Sprintf("figure %d", f), Millis, metric.Less})
	}
	for i := range runs {
		luck := r.NormFloat64()
		run := Run{Seed: uint64(i + 1)}
		for f := range figures {
			v := 100 * (1 + slower) * math.Exp(float64(f%5)*.01*(luck+r.NormFloat64()))
			run.Values = append(run.Values, &v)
		}
		s.Runs = append(s.Runs, run)
	}
	return s
}

// alarms counts comparisons of two sides that are the same which call any of 20 figures different.
func alarms(compare func(a, b *Side) *Comparison, runs, comparisons int) (n int) {
	r := rand.New(rand.NewPCG(7, 7))
	for range comparisons {
		c := compare(noisy(r, "docker", runs, 20, 0), noisy(r, "docker", runs, 20, 0))
		if c.has(Worse) || c.has(Improved) {
			n++
		}
	}
	return n
}

// Of comparisons of what is the same, 5 % at most call anything different, in the whole table: 20 of 200 or more would show more with a
// confidence of 99 %.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	const comparisons, most = 200, 19
	for name, compare := range map[string]func(a, b *Side) *Comparison{
		"paired":   func(a, b *Side) *Comparison { return Paired(a, b, 0) },
		"unpaired": func(a, b *Side) *Comparison { return Between(a, b, 0) },
	} {
		for _, runs := range []int{6, 10} {
			if n := alarms(compare, runs, comparisons); n > most {
				t.Errorf("%s, %d runs a side: %d of %d comparisons call a difference where there is none", name, runs, n, comparisons)
			}
		}
	}
}

// A slowdown of 10 % is found among 20 figures, of which the noisiest vary by 6 % from run to run, and said to be about that.
func TestPlantedSlowdown(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	for name, compare := range map[string]func(a, b *Side) *Comparison{
		"paired":   func(a, b *Side) *Comparison { return Paired(a, b, 0) },
		"unpaired": func(a, b *Side) *Comparison { return Between(a, b, 0) },
	} {
		missed := 0
		for range 40 {
			c := compare(noisy(r, "docker", 10, 20, 0), noisy(r, "docker", 10, 20, .1))
			if row := c.Rows[1]; row.Change != Worse || row.Low > 12 || row.High < 8 {
				missed++
			}
			if row := c.Rows[1]; c.has(Improved) || row.Low > row.By || row.High < row.By {
				t.Fatalf("%s: %+v", name, c.Rows)
			}
		}
		if missed > 1 {
			t.Errorf("%s: missed in %d of 40", name, missed)
		}
	}
}

// Too few runs, other machines, and figures that are known in some runs alone are said to be so, never guessed at.
func TestUntold(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	a, b := noisy(r, "docker", 3, 2, 0), noisy(r, "docker", 3, 2, 9)
	if c := Between(a, b, 0); !strings.Contains(c.Untold, "--repeat 5") || c.Told() || c.Regressed() {
		t.Errorf("3 and 3 runs: %+v", c)
	}
	if c := Paired(noisy(r, "virtual", 5, 2, 0), noisy(r, "virtual", 5, 2, 9), 0); c.Untold == "" || c.Regressed() {
		t.Errorf("5 rounds: %+v", c)
	}
	a, b = noisy(r, "docker", 5, 2, 0), noisy(r, "docker", 5, 2, 9)
	b.Machine = "another"
	if c := Between(a, b, 0); !strings.Contains(c.Untold, "different machines") || c.Regressed() {
		t.Errorf("another machine: %+v", c)
	}
	b.Machine = a.Machine
	b.Runs[2].Values[1] = nil
	if c := Between(a, b, 0); c.Rows[1].Change != Untold || c.Rows[1].Why != "known in 5 of 5 runs, and in 4 of 5" || c.Told() || !c.Regressed() {
		t.Errorf("one unknown: %+v", c.Rows)
	}
}

// In virtual time the same seeds are held against each other, to the last bit; other seeds say nothing.
func TestVirtualIsExact(t *testing.T) {
	t.Parallel()
	one := func(seed uint64, ms float64) *Side {
		return &Side{Engine: "virtual", Figures: []Named{{"p50", Millis, metric.Less}, {"goodput", PerS, metric.More}}, Runs: []Run{{seed, []*float64{&ms, &ms}}}}
	}
	if c := Between(one(1, 5), one(1, 5), 0); c.Regressed() || !c.Told() || !c.Exact || c.Rows[0].Change != Same {
		t.Errorf("the same: %+v", c.Rows)
	}
	if c := Between(one(1, 5), one(1, 5.001), 0); c.Rows[0].Change != Worse || c.Rows[1].Change != Improved {
		t.Errorf("a little more: %+v", c.Rows)
	}
	if c := Between(one(1, 5), one(1, 5.001), .01); c.Regressed() || c.has(Improved) {
		t.Errorf("a little more, tolerated: %+v", c.Rows)
	}
	if c := Between(one(1, 5), one(2, 9), 0); c.Regressed() || !strings.Contains(c.Untold, "--seed 1") {
		t.Errorf("other seeds: %+v", c)
	}
}

func measured() *record.Result {
	yes, at := true, 2.0
	return &record.Result{Scenario: "shop", Variant: "bare", Engine: "virtual", Seed: 3, Run: "r", Digest: "d", Asked: "q",
		Expectations: []record.Expectation{{Text: "e", Holds: &yes}, {Text: "untold"}},
		Phases: []record.Phase{{Name: "steady", Requests: []record.Request{
			{Load: "users", Request: "GET /a", Sent: 100, OK: 80, Degraded: 10, Failed: 10, Goodput: 9, AnswerMs: &record.Latency{Count: 49, P50: 5, P99: 9}},
			{Load: "users", Request: "GET /none"}}}},
		Faults: []record.Fault{{Name: "cut", AppliedS: &at, UndoneS: &at, Receipt: record.Receipt{Met: true}}, {Name: "still on", AppliedS: &at, Receipt: record.Receipt{Met: true}}},
		Edges: []record.Edge{{From: "a", To: "b", Attempts: 100, Amplification: 1.5, Connections: 3},
			{From: "q", To: "w", FromInst: "q-1", Delivery: &record.Delivery{Backlog: 7}}, {From: "q", To: "w", FromInst: "q-1", Delivery: &record.Delivery{Backlog: 7}}},
		Nodes:  []record.Node{{Instance: "a-1", Counters: map[string]float64{"cpu_seconds_total": .75}}, {Instance: "b-1"}},
		Writes: record.Writes{Checked: true, Acknowledged: 5, Lost: 2}}
}

// What is unknown in a run is no figure of it: no percentile of too few answers, no time of a recovery that did not come.
func TestFigures(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, f := range Of(measured()) {
		got[f.Name] = f.Unit.Spell(f.Value)
	}
	want := map[string]string{
		"expectation held: e": "yes", "success of GET /a in steady": "90.00%", "degraded of GET /a in steady": "10.00%", "goodput of GET /a in steady": "9.0/s",
		"p50 of GET /a in steady": "5.00 ms", "recovered after cut": "no",
		"cost: attempts": "100", "cost: amplification, the most of an edge": "1.50x", "cost: connections opened": "3", "cost: backlog at the end": "7",
		"cost: CPU of the nodes": "0.75 s", "cost: stale reads": "0.00%", "cost: degraded answers": "10.00%", "cost: acknowledged writes lost": "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A baseline is what it was when it is read again, compares the same as its runs to the last bit, and takes no run that is in doubt.
func TestBaselineFile(t *testing.T) {
	t.Parallel()
	other := measured()
	other.Seed, other.Phases[0].Requests[0].AnswerMs.P50 = 4, 1.0/3
	other.Faults = nil
	all, err := Sides(measured(), other)
	if err != nil || len(all) != 1 || len(all[0].Runs) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	path := filepath.Join(t.TempDir(), "baselines", all[0].File())
	if filepath.Base(path) != "shop.bare.virtual.json" {
		t.Error(path)
	}
	if err := all[0].Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[0], again, cmpopts.IgnoreUnexported(Side{})); diff != "" {
		t.Error(diff)
	}
	var b bytes.Buffer
	c := Between(again, all[0], 0)
	if err := c.Text(&b); err != nil || c.Regressed() || !c.Told() || !strings.Contains(b.String(), "14 of 14 figures are the same") {
		t.Errorf("%v\n%s", err, b.String())
	}
	doubtful := measured()
	doubtful.Checks = []record.Check{{Name: "generator", Text: "late"}}
	if all, _ := Sides(doubtful); all[0].Save(path) == nil || Between(again, all[0], 0).Told() {
		t.Error("a run in doubt is a baseline, or is told")
	}
	changed := measured()
	changed.Digest = "another"
	if _, err := Sides(measured(), changed); err == nil {
		t.Error("runs of two scenarios are one side")
	}
}
