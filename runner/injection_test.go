package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
)

func TestFaultThatCannotBeApplied(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.injectErr = errors.New("no such edge")
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1 failed", "30.005s down")
		f := res.Faults[0]
		if f.AppliedS != nil || f.UndoneS != nil || f.Error != "could not be applied: no such edge" {
			t.Errorf("fault: %+v", f)
		}
	})
}

func TestUndoIsRetried(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.undoErrs = 2
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1", "20s undo api-1:db-1 failed", "20.1s undo api-1:db-1 failed", "20.3s undo api-1:db-1", "30.005s down")
		if f := res.Faults[0]; f.Error != "" || *f.UndoneS != 20.3 || !f.Receipt.Met {
			t.Errorf("fault: %+v", f)
		}
	})
	bubble(t, func(t *testing.T, w *world) {
		w.system.undoErrs = 1000
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		if f := res.Faults[0]; f.UndoneS != nil || !strings.HasPrefix(f.Error, "could not be undone: the mesh") {
			t.Errorf("fault: %+v", f)
		}
		if n := len(w.system.log); n != 7 || w.system.log[n-1] != "30.005s down" {
			t.Errorf("log: %q", w.system.log)
		}
	})
}

// The second fault begins while the first one, on the same edge, is still being undone: it waits its turn.
func TestFaultsOnOneTargetTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.undoTakes = second
		w.o.Plan = plan([2]time.Duration{10 * second, 15 * second}, [2]time.Duration{15 * second, 20 * second})
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1", "16s undo api-1:db-1", "16s inject api-1:db-1", "21s undo api-1:db-1", "30.005s down")
		if *res.Faults[1].AppliedS != 16 || res.Faults[1].ScheduledS != 15 {
			t.Errorf("second fault: %+v", res.Faults[1])
		}
		found := false
		for _, c := range res.Checks {
			found = found || c.Name == "timing of latency 100ms on api -> db" && !c.OK && strings.HasPrefix(c.Text, "on 1000.0 ms late")
		}
		if !found {
			t.Errorf("no check tells that the second fault was late: %+v", res.Checks)
		}
	})
}

// A fault whose undo takes longer than the pause to the next mark must not hold up the loop.
func TestSlowUndoHoldsUpNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.undoTakes = 15 * second
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1", "35s undo api-1:db-1", "35s down")
		if res.DurationS != 30 || *res.Faults[0].UndoneS != 35 {
			t.Errorf("lasted %v s, undone at %v", res.DurationS, *res.Faults[0].UndoneS)
		}
	})
}

// Faults on different targets begin at their own times, though one of them takes long to apply.
func TestFaultsOnDifferentTargetsDoNotWait(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.injectTakes = 4 * second
		p := plan([2]time.Duration{10 * second, 20 * second}, [2]time.Duration{12 * second, 22 * second})
		p.Faults[1].Primitives = []faults.Primitive{{Op: faults.OpKill, Instance: "db-1"}}
		w.o.Plan = p
		if _, err := runner.Run(context.Background(), w.o); err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "14s inject api-1:db-1", "16s inject db-1", "20s undo api-1:db-1", "22s undo db-1", "30.005s down")
	})
}

// Faults that come on at one moment, and go at one, are told in the order in which they were to, though each operation is over before those
// that were ordered before it.
func TestWhatIsDoneAtOneMomentIsToldInItsOrder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.backward = true
		span := [2]time.Duration{10 * second, 20 * second}
		w.o.Plan = plan(span, span, span)
		var on, off []string
		for n := range w.o.Plan.Faults {
			fault := &w.o.Plan.Faults[n]
			fault.Fault.Kind = faults.Latency{Delay: time.Duration(3-n) * second}
			fault.Primitives = []faults.Primitive{{Op: faults.OpOutage, Edge: fmt.Sprint("edge-", n)}}
			on = append(on, fmt.Sprintf("latency %ds on api -> db: on", 3-n))
			off = append(off, fmt.Sprintf("latency %ds on api -> db: off", 3-n))
		}
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10.000000007s inject edge-2", "10.000000008s inject edge-1", "10.000000009s inject edge-0",
			"20.000000007s undo edge-2", "20.000000008s undo edge-1", "20.000000009s undo edge-0", "30.005s down")
		var got []string
		for _, e := range res.Events {
			if e.Kind == "fault" || e.Kind == "undo" {
				got = append(got, e.Text)
			}
		}
		if diff := cmp.Diff(slices.Concat(on, off), got); diff != "" {
			t.Errorf("what is told (-want +got):\n%s", diff)
		}
	})
}

// Whatever the schedule, however long faults take to be put on and taken off, whenever it is interrupted: at the
// end nothing is on, and the system was taken down once, last of all.
func TestAnyScheduleEndsClean(t *testing.T) {
	cause := errors.New("Ctrl-C")
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		bubble(t, func(t *testing.T, w *world) {
			var stretches [][2]time.Duration
			for range 1 + rng.IntN(6) {
				from := time.Duration(rng.Int64N(int64(29 * second)))
				stretches = append(stretches, [2]time.Duration{from, from + 1 + time.Duration(rng.Int64N(int64(30*second-from)))})
			}
			w.o.Plan = plan(stretches...)
			for n := range w.o.Plan.Faults {
				target := fmt.Sprintf("edge-%d", rng.IntN(3))
				w.o.Plan.Faults[n].Primitives = []faults.Primitive{{Op: faults.OpOutage, Edge: target}}
			}
			w.system.injectTakes = time.Duration(rng.Int64N(int64(3 * second)))
			w.system.undoTakes = time.Duration(rng.Int64N(int64(3 * second)))
			w.system.undoErrs = rng.IntN(4)
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			cut := rng.IntN(2) == 0
			if cut {
				stop := time.AfterFunc(zero+time.Duration(rng.Int64N(int64(29*second))), func() { cancel(cause) })
				defer stop.Stop()
			}
			res, err := runner.Run(ctx, w.o)
			if cut != errors.Is(err, cause) || res.Partial != cut {
				t.Errorf("seed %d: cut %v, error %v, partial %v", seed, cut, err, res.Partial)
			}
			for target, n := range w.system.on {
				if n != 0 {
					t.Errorf("seed %d: %d faults are left on %s: %q", seed, n, target, w.system.log)
				}
			}
			downs := 0
			for _, line := range w.system.log {
				if strings.HasSuffix(line, " down") {
					downs++
				}
			}
			if last := w.system.log[len(w.system.log)-1]; downs != 1 || !strings.HasSuffix(last, " down") {
				t.Errorf("seed %d: taken down %d times: %q", seed, downs, w.system.log)
			}
			for _, f := range res.Faults {
				if !cut && (f.AppliedS == nil || f.UndoneS == nil || f.Error != "") {
					t.Errorf("seed %d: fault %+v", seed, f)
				}
			}
		})
	}
}
