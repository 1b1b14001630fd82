package runner_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

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
			if s.Elapsed == 15*second && (s.Rate != 100 || s.Success != 1 || s.Phase != "slow" || len(s.Faults) != 1) {
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

// Whoever watches can look at more: the last second's requests, what crossed the edges, what waits, and how long each fault is to stay.
func TestLook(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		looked := map[time.Duration]record.Scene{}
		w.o.Watch = func(s record.Status) {
			if s.Message == "" && s.Elapsed >= 0 {
				looked[s.Elapsed] = s.Look()
			}
		}
		w.system.spoil = func(o *runner.Observation) { o.Nodes["api-1"].Counters["squall_breakers_open"] = 2 }
		if _, err := runner.Run(context.Background(), w.o); err != nil {
			t.Fatal(err)
		}
		got := looked[15*second]
		want := record.Scene{
			Requests: []record.LiveRequest{{Load: "users", Request: "GET /", Sent: 100, OK: 100, P99: 10*time.Millisecond + 3500*time.Nanosecond}},
			Edges:    []record.LiveEdge{{From: "api", To: "db", Attempts: 300, Failures: 50}},
			Breakers: []record.LiveBreakers{{Node: "api", Open: 2}},
			Faults:   []record.LiveFault{{Text: "latency 100ms on api -> db", Left: 5 * second}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at 15 s (-want +got):\n%s", diff)
		}
		if after := looked[25*second]; len(after.Faults) != 0 || len(looked[0].Requests) > 1 {
			t.Errorf("at 25 s: %+v; at 0 s: %+v", after, looked[0])
		}
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

// sent is how many requests count to each phase.
func sent(res *record.Result) []int64 {
	var out []int64
	for _, p := range res.Phases {
		out = append(out, p.Requests[0].Sent)
	}
	return out
}
