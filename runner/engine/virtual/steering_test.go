package virtual_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// steered makes the run of a scenario whose course somebody changes ten times, as a seed draws it.
func steered(t *testing.T, seed uint64) *record.Result {
	t.Helper()
	p, err := topology.New(parse(t, watched+`
  - {name: more, for: 5s, faults: [{latency: 50ms, on: users -> front, at: 1s}]}
`), seed)
	if err != nil {
		t.Fatal(err)
	}
	hands := &runner.Hands{}
	by := runner.By{Who: "ann", Door: "test"}
	ctx := context.Background()
	people := func(over <-chan struct{}) {
		chance := rand.New(rand.NewPCG(seed, 7))
		for range 10 {
			select {
			case <-time.After(time.Duration(chance.Int64N(int64(6*time.Second))) + 12345): // at no moment of anybody else's
			case <-over:
				return
			}
			switch kind, lasts := chance.IntN(7), time.Duration(chance.IntN(9000)+1)*time.Millisecond; kind {
			case 0, 1:
				_, _ = hands.Hold(ctx, by, lasts)
			case 2:
				_, _ = hands.Go(ctx, by)
			case 3:
				_, _ = hands.Next(ctx, by)
			case 4:
				_, _ = hands.Skip(ctx, by)
			default:
				_, _ = hands.Pace(ctx, by, "", course.Pace{Times: float64(chance.IntN(4)+1) / 2})
			}
		}
	}
	var over chan struct{}
	watch := func(s record.Status) { // it is called in the run's own time, by one at a time
		switch {
		case over == nil && s.Phase != "":
			over = make(chan struct{})
			go people(over)
		case s.State == "done":
			close(over)
		}
	}
	res, err := runner.Run(ctx, runner.Options{Plan: p, Engine: &virtual.Engine{}, Loader: load.New(load.Options{}), Run: "test", Dir: t.TempDir(), Watch: watch, Hands: hands})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Whatever people do to a run's course: its checks hold, which hold what was counted by one against what was counted by another, its phases
// follow each other, its faults come and go when they are to, and the same acts give the same record.
func TestAnyCourseOfARun(t *testing.T) {
	t.Parallel()
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			breadth.Today(t, int(seed), 4)
			res := steered(t, seed)
			for _, c := range res.Checks {
				if !c.OK && c.Name != "steady state" { // a load whose pace changes has none
					t.Errorf("check %s: %s", c.Name, c.Text)
				}
			}
			last := 0.
			for _, p := range res.Phases {
				if p.StartS != last || p.EndS <= p.StartS {
					t.Errorf("phase %s from %v to %v s, after %v s", p.Name, p.StartS, p.EndS, last)
				}
				last = p.EndS
			}
			for _, f := range res.Faults {
				if f.AppliedS != nil && (*f.AppliedS != f.ScheduledS || f.UndoneS == nil || *f.UndoneS != f.ScheduledUndoS) {
					t.Errorf("fault %s was to be on from %v to %v s, and was from %v to %v", f.Name, f.ScheduledS, f.ScheduledUndoS, *f.AppliedS, f.UndoneS)
				}
			}
			if seed == 0 {
				again := steered(t, seed)
				res.Started, again.Started = time.Time{}, time.Time{}
				if diff := cmp.Diff(res, again); diff != "" {
					t.Errorf("the same acts give another record (-first +second):\n%s", diff)
				}
			}
			t.Log(len(res.Actions), "acts,", len(res.Phases), "phases,", last, "s")
		})
	}
}
