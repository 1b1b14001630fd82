package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

const second = time.Second

// world is one fake run; change it before it is run.
type world struct {
	engine *fakeEngine
	system *fakeSystem
	loader *fakeLoader
	o      runner.Options
	seen   []record.Status
}

// bubble runs f with a world in virtual time.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{system: newSystem(), loader: &fakeLoader{rate: 100}}
		w.system.loader = w.loader
		w.engine = &fakeEngine{system: w.system}
		w.o = runner.Options{
			Plan: plan([2]time.Duration{10 * second, 20 * second}), Engine: w.engine, Loader: w.loader, Run: "r1",
			Watch: func(s record.Status) { w.seen = append(w.seen, s) },
		}
		f(t, w)
	})
}

func (w *world) wantLog(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.system.log); diff != "" {
		t.Errorf("what was done to the system (-want +got):\n%s", diff)
	}
}

func TestRunToItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.loader.answer = func(at time.Duration) (time.Duration, record.Outcome) {
			if at >= 10*second && at < 20*second {
				return 110 * time.Millisecond, record.OK
			}
			return 10 * time.Millisecond, record.OK
		}
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1", "20s undo api-1:db-1", "30.005s down")
		for _, c := range res.Checks {
			if !c.OK {
				t.Errorf("check %s: %s", c.Name, c.Text)
			}
		}
		wantSent := []int64{1000, 1000, 1000} // those intended in each
		if len(res.Phases) != 3 || !slices.Equal(sent(res), wantSent) || res.Partial || res.DurationS != 30 {
			t.Errorf("phases: %+v, partial %v, %v s", res.Phases, res.Partial, res.DurationS)
		}
		zero, ten, twenty := 0.0, 10.0, 20.0
		want := record.Fault{
			Name: "latency 100ms", Kind: "latency", Text: "latency 100ms", On: "api -> db", Phase: "slow", Edges: []string{"api-1:db-1"},
			ScheduledS: 10, AppliedS: &ten, ScheduledUndoS: 20, UndoneS: &twenty,
			DetectedAfterS: &zero, RecoveredAfterS: &zero, RecoveredFromOnsetS: &ten,
			Receipt: record.Receipt{Met: true, Connections: 2, Requests: 7, DelayMs: 100, FullDelayMs: 100, Text: "2 connections, 7 requests, +100.0 ms each"},
		}
		if diff := cmp.Diff(want, res.Faults[0]); diff != "" {
			t.Errorf("fault (-want +got):\n%s", diff)
		}
		db, users := res.Edges[0], res.Edges[1]
		if db.Amplification != 1.5 || db.Attempts != 9000 || db.Retries != 3000 || users.Attempts != 3000 || users.Requests != 3000 || users.Amplification != 1 {
			t.Errorf("edges: %+v %+v", db, users)
		}
		if got := res.Nodes[1].Counters; got["squall_requests_total"] != 3000 || got["squall_queue"] != 4 {
			t.Errorf("api-1's counters: %v", got)
		}
	})
}

func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		if _, err := runner.Run(context.Background(), w.o); err != nil {
			t.Fatal(err)
		}
		var states []string
		ticks := 0
		for _, s := range w.seen {
			if len(states) == 0 || states[len(states)-1] != s.State {
				states = append(states, s.State)
			}
			if s.Message == "" && s.Elapsed > 0 && s.Elapsed%second == 0 {
				ticks++
			}
			if s.Elapsed == 15*second && (s.Rate != 99 || s.Success != 1 || s.Phase != "slow" || len(s.Faults) != 1) {
				t.Errorf("at 15 s: %+v", s)
			}
		}
		want := []string{"launching", "warming up", "running", "recovering", "tearing down", "done"}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if ticks < 30 {
			t.Errorf("%d whole seconds were reported, want at least 30", ticks)
		}
	})
}

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

func TestRunThatCannotStart(t *testing.T) {
	no := errors.New("no image here")
	for stage, change := range map[string]func(*world){
		"check":  func(w *world) { w.engine.check = no },
		"launch": func(w *world) { w.engine.launch = no },
	} {
		t.Run(stage, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				change(w)
				res, err := runner.Run(context.Background(), w.o)
				if res != nil || !errors.Is(err, no) || err.Error() != stage+": no image here" {
					t.Errorf("result %v, error %v", res, err)
				}
				w.wantLog(t)
			})
		})
	}
}

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

func TestInstanceThatDied(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		dead := time.AfterFunc(zero+5*second, func() { w.system.deaths <- errors.New(`instance "api-1" ended: exit status 2`) })
		defer dead.Stop()
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		w.wantLog(t, "10s inject api-1:db-1", "20s undo api-1:db-1", "30.005s down")
		want := record.Check{Name: "instances stayed up", Text: `instance "api-1" ended: exit status 2`}
		found := false
		for _, c := range res.Checks {
			found = found || c == want
		}
		if !found {
			t.Errorf("checks: %+v", res.Checks)
		}
	})
}

func TestLoadThatFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.loader.err, w.loader.errAt = errors.New("no pacer"), 12*second
		res, err := runner.Run(context.Background(), w.o)
		if err == nil || err.Error() != "load: no pacer" || !res.Partial || res.DurationS != 12.005 {
			t.Errorf("error %v, result %+v", err, res)
		}
		w.wantLog(t, "10s inject api-1:db-1", "12.005s undo api-1:db-1", "12.005s down")
	})
}

func TestTearDownThatFails(t *testing.T) {
	cause := errors.New("Ctrl-C")
	bubble(t, func(t *testing.T, w *world) {
		w.system.downErr = errors.New("a network is left")
		ctx, cancel := context.WithCancelCause(context.Background())
		stop := time.AfterFunc(zero+second, func() { cancel(cause) })
		defer stop.Stop()
		_, err := runner.Run(ctx, w.o)
		if !errors.Is(err, cause) || err.Error() != "Ctrl-C\ntear down: a network is left" {
			t.Errorf("error %q", err)
		}
	})
}

func TestWritesAreReadBack(t *testing.T) {
	cause := errors.New("Ctrl-C")
	for _, c := range []struct {
		name string
		read func(ctx context.Context, i topology.Instance) (map[string]int, error)
		cut  time.Duration
		want record.Writes
		err  error
	}{
		{name: "all there, over two instances",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				return map[string]map[string]int{"db-1": {"a": 1}, "db-2": {"b": 1, "c": 2}}[i.Name], nil
			},
			want: record.Writes{Acknowledged: 3, Duplicated: 1, Checked: true}},
		{name: "one lost",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				return map[string]map[string]int{"db-1": {"a": 1}, "db-2": {"b": 1}}[i.Name], nil
			},
			want: record.Writes{Acknowledged: 3, Lost: 1, Checked: true, Sample: []string{"db/c"}}},
		{name: "an instance does not answer",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				if i.Name == "db-2" {
					return nil, errors.New("connection refused")
				}
				return nil, nil
			},
			want: record.Writes{Acknowledged: 3, Why: `read writes of "db-2" back: connection refused`}},
		{name: "interrupted",
			read: func(ctx context.Context, i topology.Instance) (map[string]int, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			},
			cut: zero + 35*second, err: cause,
			want: record.Writes{Acknowledged: 3, Why: `read writes of "db-1" back: Ctrl-C`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.o.Plan.Instances = append(w.o.Plan.Instances, topology.Instance{Name: "db-2", Node: w.o.Plan.Instances[0].Node, Replica: 2})
				w.loader.writes = []string{"db/a", "db/b", "db/c"}
				w.o.ReadWrites = func(ctx context.Context, _ func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
					return c.read(ctx, i)
				}
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if c.cut > 0 {
					stop := time.AfterFunc(c.cut, func() { cancel(cause) })
					defer stop.Stop()
				}
				res, err := runner.Run(ctx, w.o)
				if !errors.Is(err, c.err) || res.Partial != (c.err != nil) {
					t.Errorf("error %v, partial %v", err, res.Partial)
				}
				if diff := cmp.Diff(c.want, res.Writes); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				if n := len(w.system.log); w.system.log[n-1][len(w.system.log[n-1])-4:] != "down" {
					t.Errorf("log: %q", w.system.log)
				}
			})
		})
	}
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

// sent is how many requests count to each phase.
func sent(res *record.Result) []int64 {
	var out []int64
	for _, p := range res.Phases {
		out = append(out, p.Requests[0].Sent)
	}
	return out
}
