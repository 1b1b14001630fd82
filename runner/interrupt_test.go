package runner_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

func TestInterrupt(t *testing.T) {
	cause := errors.New("Ctrl-C")
	for _, c := range []struct {
		name   string
		at     time.Duration // from the start of Run
		change func(*world)
		log    []string
		phases int
	}{
		{name: "in the warm-up", at: second, log: []string{"-1.1s down"}},
		{name: "in the first phase", at: zero + 5*second, log: []string{"5s down"}, phases: 1},
		{name: "while a fault is on", at: zero + 15*second, log: []string{"10s inject api-1:db-1", "15s undo api-1:db-1", "15s down"}, phases: 2},
		{name: "while a fault is being applied", at: zero + 10*second + 500*time.Millisecond,
			change: func(w *world) { w.system.injectTakes = second },
			log:    []string{"10.5s inject api-1:db-1 cut", "10.5s down"}, phases: 2},
		{name: "while a fault is being undone", at: zero + 21*second,
			change: func(w *world) { w.system.undoTakes = 2 * second },
			log:    []string{"10s inject api-1:db-1", "22s undo api-1:db-1", "22s down"}, phases: 3},
		{name: "in the recovery", at: zero + 25*second, log: []string{"10s inject api-1:db-1", "20s undo api-1:db-1", "25s down"}, phases: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				if c.change != nil {
					c.change(w)
				}
				ctx, cancel := context.WithCancelCause(context.Background())
				stop := time.AfterFunc(c.at, func() { cancel(cause) })
				defer stop.Stop()
				res, err := runner.Run(ctx, w.o)
				if !errors.Is(err, cause) {
					t.Errorf("error %v, want the cause", err)
				}
				w.wantLog(t, c.log...)
				if !res.Partial || len(res.Phases) != c.phases {
					t.Errorf("partial %v, %d phases, want %d", res.Partial, len(res.Phases), c.phases)
				}
				const early = "the run was cut short before it was to come on"
				if got := res.Faults[0].RecoveryUntold == early; got != (c.at < zero+10*second) {
					t.Errorf("of a fault at 10 s it says %q", res.Faults[0].RecoveryUntold)
				}
				if f := res.Faults[0]; (f.Receipt.Text == "it was never on") != (f.AppliedS == nil) {
					t.Errorf("of a fault that was on at %v its receipt says %q", f.AppliedS, f.Receipt.Text)
				}
			})
		})
	}
	t.Run("while launching", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			w.engine.launchTakes = time.Minute
			ctx, cancel := context.WithCancelCause(context.Background())
			stop := time.AfterFunc(second, func() { cancel(cause) })
			defer stop.Stop()
			res, err := runner.Run(ctx, w.o)
			var stage *runner.StageError
			if res != nil || !errors.Is(err, cause) || !errors.As(err, &stage) || stage.Stage != "launch" {
				t.Errorf("result %v, error %v", res, err)
			}
			w.wantLog(t)
		})
	})
	t.Run("while the last answers are awaited", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			w.loader.answer = func(time.Duration) (time.Duration, record.Outcome) { return 3 * second, record.OK }
			ctx, cancel := context.WithCancelCause(context.Background())
			stop := time.AfterFunc(zero+31*second, func() { cancel(cause) })
			defer stop.Stop()
			res, err := runner.Run(ctx, w.o)
			if !errors.Is(err, cause) || !res.Partial {
				t.Errorf("partial %v, error %v", res.Partial, err)
			}
			w.wantLog(t, "10s inject api-1:db-1", "20s undo api-1:db-1", "31s down")
		})
	})
}
