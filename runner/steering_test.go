package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// at calls what people do at times of the run, in order.
type at struct {
	when time.Duration
	do   func(h *runner.Hands)
}

// turn runs a world, and has people do things at their times.
func (w *world) turn(acts ...at) (*record.Result, error) {
	h := &runner.Hands{}
	w.o.Hands = h
	var done sync.WaitGroup
	done.Go(func() {
		for _, one := range acts {
			time.Sleep(time.Until(w.system.begin.Add(zero + one.when)))
			one.do(h)
		}
	})
	res, err := runner.Run(context.Background(), w.o)
	done.Wait()
	return res, err
}

// phases are a result's, as name, begin, end and requests.
func phases(res *record.Result) (out []string) {
	for _, p := range res.Phases {
		sent := int64(0)
		for _, q := range p.Requests {
			sent += q.Sent
		}
		out = append(out, fmt.Sprintf("%s %.2f-%.2f %d", p.Name, p.StartS, p.EndS, sent))
	}
	return out
}

func wantPhases(t *testing.T, res *record.Result, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, phases(res)); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	for i, p := range res.Phases { // a phase's counters are of its own time
		sent := int64(0)
		for _, q := range p.Requests {
			sent += q.Sent
		}
		for _, e := range p.Edges {
			if off := e.Requests - sent; e.Name == "users:api-1" && (off < -2 || off > 2) {
				t.Errorf("phase %d: %d requests over its edge, %d of its users", i, e.Requests, sent)
			}
		}
	}
}

// A phase that is held goes on with its load, and with its fault where it has one; all that the plan has after it comes later by as much.
func TestHold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var standing runner.Standing
		res, err := w.turn(
			at{15300 * time.Millisecond, func(h *runner.Hands) {
				if s := must(h.Hold(t.Context(), ann, time.Minute)); s != (runner.Steered{Phase: "slow", Until: 75300 * time.Millisecond}) {
					t.Errorf("held: %+v", s)
				}
				_, err := h.Hold(t.Context(), ann, time.Minute)
				wantError(t, err, "phase slow is held already (by ann, squall ctl)")
			}},
			at{25300 * time.Millisecond, func(h *runner.Hands) { standing = must(h.Status(t.Context())) }},
			at{27300 * time.Millisecond, func(h *runner.Hands) { must(h.Go(t.Context(), ann)) }},
			at{28300 * time.Millisecond, func(h *runner.Hands) {
				_, err := h.Go(t.Context(), ann)
				wantError(t, err, "nothing is held, and the phase waits for nobody")
			}},
		)
		if err != nil {
			t.Fatal(err)
		}
		if !standing.Held || standing.State != "held" || standing.Phase != "slow" || standing.Next != "recovery" || standing.HeldUntil != 75300*time.Millisecond ||
			standing.Total != 40*second || len(standing.On) != 1 || standing.On[0].Until != 30*second {
			t.Errorf("standing: %+v", standing)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "slow 10.00-32.00 2200", "recovery 32.00-42.00 1000")
		w.wantLog(t, "10s inject api-1:db-1", "32s undo api-1:db-1", "42.005s down")
		act := record.Action{AtS: 15.3, Who: record.ByHand, Person: "ann", Door: "squall ctl", What: "hold", On: "phase slow", Phase: "slow", ExpiresS: ptr(75.3), UndoneS: ptr(27.3)}
		if diff := cmp.Diff([]record.Action{act}, res.Actions); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		if p := res.Phases[1]; *p.PlannedStartS != 10 || *p.PlannedEndS != 20 || !act.In(p) || act.In(res.Phases[0]) || act.In(res.Phases[2]) {
			t.Errorf("planned from %v to %v", *p.PlannedStartS, *p.PlannedEndS)
		}
		if f := res.Faults[0]; f.ScheduledS != 10 || f.ScheduledUndoS != 32 || *f.PlannedS != 10 || *f.PlannedUndoS != 20 || *f.UndoneS != 32 {
			t.Errorf("the fault: %+v", f)
		}
		for _, event := range []record.Event{
			{AtS: 15.3, Kind: "action", Text: "phase slow is held, for 1m0s at most (by ann, squall ctl)"},
			{AtS: 27.3, Kind: "action", Text: "phase slow goes on (by ann, squall ctl)"},
		} {
			if n := count(res.Events, event); n != 1 {
				t.Errorf("%d events %+v among %+v", n, event, res.Events)
			}
		}
		if len(res.Series) != 42+1 {
			t.Errorf("%d moments of the series", len(res.Series))
		}
		sound(t, res)
	})
}

// sound is a run all of whose checks passed: those hold what was counted by one against what was counted by another, over the phases as they were.
func sound(t *testing.T, res *record.Result) {
	t.Helper()
	for _, c := range res.Checks {
		if !c.OK {
			t.Errorf("check %s: %s", c.Name, c.Text)
		}
	}
}

// A hold that nobody ends, ends by itself.
func TestForgottenHold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		res, err := w.turn(at{3 * second, func(h *runner.Hands) { must(h.Hold(t.Context(), ann, 5*second)) }})
		if err != nil {
			t.Fatal(err)
		}
		wantPhases(t, res, "steady 0.00-15.00 1500", "slow 15.00-25.00 1000", "recovery 25.00-35.00 1000")
		if n := count(res.Events, record.Event{AtS: 8, Kind: "action", Text: "phase steady goes on: nobody let it go"}); n != 1 || *res.Actions[0].UndoneS != 8 {
			t.Errorf("events %+v, actions %+v", res.Events, res.Actions)
		}
		sound(t, res)
	})
}

// A phase that is ended takes its fault with it, and the next one begins; one that is left out never was, nor its faults.
func TestNextAndSkip(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		res, err := w.turn(
			at{4300 * time.Millisecond, func(h *runner.Hands) {
				if s := must(h.Next(t.Context(), ann)); s.Phase != "slow" {
					t.Errorf("next is %+v", s)
				}
			}},
			at{8300 * time.Millisecond, func(h *runner.Hands) { must(h.Next(t.Context(), ann)) }},
		)
		if err != nil {
			t.Fatal(err)
		}
		wantPhases(t, res, "steady 0.00-4.30 430", "slow 4.30-8.30 400", "recovery 8.30-18.30 1000")
		w.wantLog(t, "4.3s inject api-1:db-1", "8.3s undo api-1:db-1", "18.305s down")
		sound(t, res)
	})
	bubble(t, func(t *testing.T, w *world) {
		res, err := w.turn(
			at{second, func(h *runner.Hands) {
				if s := must(h.Skip(t.Context(), ann)); s.Phase != "slow" {
					t.Errorf("left out is %+v", s)
				}
			}},
			at{15 * second, func(h *runner.Hands) {
				_, err := h.Skip(t.Context(), ann)
				wantError(t, err, "no phase comes after this one")
				if s := must(h.Next(t.Context(), ann)); s.Phase != "" {
					t.Errorf("next is %+v", s)
				}
			}},
		)
		if err != nil {
			t.Fatal(err)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "recovery 10.00-15.00 500")
		w.wantLog(t, "15.005s down")
		if f := res.Faults[0]; f.AppliedS != nil || f.RecoveryUntold != "it was left out with its time, by hand" || f.Error != "" {
			t.Errorf("the fault that was left out: %+v", f)
		}
		if res.DurationS != 15 {
			t.Errorf("it took %v s", res.DurationS)
		}
		sound(t, res)
	})
}

// A fault whose end is leapt over goes when the counters of the phase that it was in have been read, not before: what it held and now lets go
// is of the next one.
func TestALeapReadsBeforeItLifts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.o.Plan = plan([2]time.Duration{12 * second, 18 * second})
		read := 0
		w.system.spoil = func(*runner.Observation) {
			if time.Since(w.system.begin) != zero+15500*time.Millisecond {
				return
			}
			read++
			time.Sleep(time.Millisecond) // a reading takes its time
			w.system.mu.Lock()
			defer w.system.mu.Unlock()
			if w.system.on["api-1:db-1"] != 1 {
				t.Error("the fault was off when the end of its phase was read")
			}
		}
		if _, err := w.turn(at{15500 * time.Millisecond, func(h *runner.Hands) { must(h.Next(t.Context(), ann)) }}); err != nil {
			t.Fatal(err)
		}
		if read == 0 {
			t.Error("nothing was read when the phase ended")
		}
		w.wantLog(t, "12s inject api-1:db-1", "15.501s undo api-1:db-1", "25.505s down")
	})
}

// A phase that waits for somebody ends when they say go, which the plan has: nothing was done beside it. Nobody comes: it ends after its time.
func TestPhasesThatWait(t *testing.T) {
	waiting := func(w *world) {
		for _, p := range w.o.Plan.Phases {
			w.o.Plan.Scenario.Phases = append(w.o.Plan.Scenario.Phases, &scenarios.Phase{Name: p.Name, For: p.End - p.Start})
		}
		w.o.Plan.Scenario.Phases[1].Until = scenarios.UntilGo
	}
	bubble(t, func(t *testing.T, w *world) {
		waiting(w)
		var standing runner.Standing
		res, err := w.turn(
			at{12500 * time.Millisecond, func(h *runner.Hands) { standing = must(h.Status(t.Context())) }},
			at{13 * second, func(h *runner.Hands) {
				if s := must(h.Go(t.Context(), ann)); s.Phase != "recovery" {
					t.Errorf("goes on to %+v", s)
				}
			}},
			at{14 * second, func(h *runner.Hands) {
				_, err := h.Go(t.Context(), ann)
				wantError(t, err, "nothing is held, and the phase waits for nobody")
			}},
		)
		if err != nil {
			t.Fatal(err)
		}
		if !standing.Waits || len(standing.Phases) != 3 || standing.Phases[2].End != 30*second {
			t.Errorf("standing: %+v", standing)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "slow 10.00-13.00 300", "recovery 13.00-23.00 1000")
		if a := res.Actions; len(a) != 1 || a[0].What != "go" || !a[0].Planned || a[0].Foreign() || !a[0].In(res.Phases[1]) {
			t.Errorf("actions %+v", a)
		}
		if n := count(res.Events, record.Event{AtS: 13, Kind: "action", Text: "phase slow has waited for this go (by ann, squall ctl)"}); n != 1 {
			t.Errorf("events %+v", res.Events)
		}
		sound(t, res)
	})
	bubble(t, func(t *testing.T, w *world) {
		waiting(w)
		res, err := w.turn()
		if err != nil {
			t.Fatal(err)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "slow 10.00-20.00 1000", "recovery 20.00-30.00 1000")
		if n := count(res.Events, record.Event{AtS: 20, Kind: "note", Text: "phase slow: nobody said go within 10s"}); n != 1 || res.Actions != nil {
			t.Errorf("events %+v", res.Events)
		}
	})
	bubble(t, func(t *testing.T, w *world) {
		waiting(w)
		_, err := runner.Run(t.Context(), w.o)
		wantError(t, err, `check: phase "slow" waits for somebody who says go, and nobody can in this run`)
	})
}

// Whoever changes a load's pace is in the record, until it is the plan's again; what has no rate, or has too much of it, is refused.
func TestPace(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.o.Plan.Scenario.Loads = append(w.o.Plan.Scenario.Loads, &scenarios.Load{Name: "closed", To: "api", Users: 3})
		res, err := w.turn(
			at{2 * second, func(h *runner.Hands) {
				if of := must(h.Pace(t.Context(), ann, "", course.Pace{Times: 2})); fmt.Sprint(of) != "[users]" {
					t.Errorf("changed are %v", of)
				}
				_, err := h.Pace(t.Context(), ann, "closed", course.Pace{Times: 2})
				wantError(t, err, `load "closed" has no rate: it is of users that wait for their answers, or a recording`)
				_, err = h.Pace(t.Context(), ann, "nobody", course.Pace{Times: 2})
				wantError(t, err, `there is no load "nobody" with a rate; there are [users closed]`)
				_, err = h.Pace(t.Context(), ann, "users", course.Pace{Times: 1e5})
				wantError(t, err, `load "users" would send more than 1000000/s`)
			}},
			at{5 * second, func(h *runner.Hands) { must(h.Pace(t.Context(), ann, "users", course.Pace{Rate: 30})) }},
			at{12 * second, func(h *runner.Hands) { must(h.Pace(t.Context(), ann, "users", course.Pace{Times: 1})) }},
			at{25 * second, func(h *runner.Hands) { must(h.Pace(t.Context(), ann, "users", course.Pace{Times: .5})) }},
		)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range res.Actions {
			over := "end"
			if a.UndoneS != nil {
				over = fmt.Sprint(*a.UndoneS)
			}
			got = append(got, fmt.Sprint(a.What, " on ", a.On, " from ", a.AtS, " to ", over, " ", a.In(res.Phases[0]), a.In(res.Phases[1]), a.In(res.Phases[2]), a.Foreign()))
		}
		want := []string{"x2 on load users from 2 to 5 true false false true", "30/s on load users from 5 to 12 true true false true", "x0.5 on load users from 25 to end false false true true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		if res.DurationS != 30 || res.Phases[0].PlannedStartS != nil {
			t.Errorf("a pace moves no phase: %v", phases(res))
		}
	})
}

// What the scenario says ends a run ends it, at the second at which it has been so for long enough; what it says holds one holds it, once.
func TestConditions(t *testing.T) {
	failing := func(w *world) {
		w.loader.answer = func(at time.Duration) (time.Duration, record.Outcome) {
			if at >= 12*second && at < 19*second {
				return 10 * time.Millisecond, record.Failed
			}
			return 10 * time.Millisecond, record.OK
		}
	}
	conditions := scenarios.Conditions{{Bounds: []scenarios.Bound{{Metric: metric.Success, Op: "<", Value: .5}}, For: 3 * second, Text: "success < 50%, for: 3s", Line: 7, Column: 3}}
	bubble(t, func(t *testing.T, w *world) {
		failing(w)
		w.o.Plan.Scenario.AbortWhen = conditions
		res, err := runner.Run(t.Context(), w.o)
		if tripped, is := errors.AsType[*runner.Tripped](err); !is || tripped.Trip.Line != 7 {
			t.Fatalf("error %v", err)
		}
		want := []record.Trip{{AtS: 15, Does: record.TripAborts, Text: "success < 50%, for: 3s", Measured: "success 0.0%", Line: 7, Column: 3}}
		if diff := cmp.Diff(want, res.Trips); diff != "" || !res.Partial || res.DurationS > 15.01 || res.Aborted() == nil {
			t.Errorf("ended after %v s, partial %v, trips (-want +got):\n%s", res.DurationS, res.Partial, diff)
		}
		if want := "aborted: success 0.0%, where abort_when says success < 50%, for: 3s"; res.PartialWhy != want {
			t.Errorf("it says %q, want %q", res.PartialWhy, want)
		}
		if w.system.on["api-1:db-1"] != 0 {
			t.Errorf("left on: %v", w.system.on)
		}
	})
	bubble(t, func(t *testing.T, w *world) {
		failing(w)
		w.o.Plan.Scenario.PauseWhen = conditions
		res, err := w.turn(at{17500 * time.Millisecond, func(h *runner.Hands) {
			if live := must(h.Record(t.Context())); len(live.Trips) != 1 || live.Trips[0].AtS != 15 {
				t.Errorf("trips of the run under way: %+v", live.Trips)
			}
			must(h.Go(t.Context(), ann))
		}})
		if err != nil {
			t.Fatal(err)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "slow 10.00-22.50 1250", "recovery 22.50-32.50 1000")
		if a := res.Actions; len(a) != 1 || a[0].Who != record.ByItself || a[0].Foreign() || a[0].AtS != 15 || *a[0].UndoneS != 17.5 || a[0].How() != "pause_when" {
			t.Errorf("actions %+v", a)
		}
		if len(res.Trips) != 1 || res.Trips[0].Does != record.TripPauses || res.Aborted() != nil {
			t.Errorf("trips %+v", res.Trips)
		}
		sound(t, res)
	})
	bubble(t, func(t *testing.T, w *world) {
		w.o.Plan.Scenario.PauseWhen = conditions
		_, err := runner.Run(t.Context(), w.o)
		wantError(t, err, "check: pause_when holds a phase until somebody says go, and nobody can in this run")
	})
}

// An abort ends a run that is held; a run that warms up, or that is over, can't be held.
func TestHoldAtTheEdges(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		res, err := w.turn(
			at{-second, func(h *runner.Hands) {
				_, err := h.Hold(t.Context(), ann, time.Minute)
				wantError(t, err, "it is warming up: no phase is under way yet")
			}},
			at{12 * second, func(h *runner.Hands) { must(h.Hold(t.Context(), ann, time.Hour)) }},
			at{50300 * time.Millisecond, func(h *runner.Hands) { _ = h.Abort(t.Context(), ann, "enough") }},
			at{51 * second, func(h *runner.Hands) {
				if _, err := h.Next(t.Context(), ann); !errors.Is(err, runner.ErrOver) {
					t.Errorf("a run that is over: %v", err)
				}
			}},
		)
		if _, is := errors.AsType[*runner.Aborted](err); !is || res.DurationS != 50.3 {
			t.Errorf("error %v after %v s", err, res.DurationS)
		}
		wantPhases(t, res, "steady 0.00-10.00 1000", "slow 10.00-50.30 4030")
		w.wantLog(t, "10s inject api-1:db-1", "50.3s undo api-1:db-1", "50.3s down")
	})
}

// Whatever people do to its course, a run ends, leaves nothing on, and its record adds up.
func TestAnyCourse(t *testing.T) {
	seeds := uint64(100)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				chance := rand.New(rand.NewPCG(seed, 1))
				w.o.Plan = plan([2]time.Duration{10 * second, 20 * second}, [2]time.Duration{12 * second, 25 * second}, [2]time.Duration{14 * second, 15 * second})
				var acts []at
				when := time.Duration(0)
				for range 10 {
					when += time.Duration(chance.IntN(5000)+1) * time.Millisecond
					kind, lasts := chance.IntN(6), time.Duration(chance.IntN(20000)+1)*time.Millisecond
					acts = append(acts, at{when, func(h *runner.Hands) {
						switch kind {
						case 0, 1:
							_, _ = h.Hold(t.Context(), ann, lasts)
						case 2:
							_, _ = h.Go(t.Context(), ann)
						case 3:
							_, _ = h.Next(t.Context(), ann)
						case 4:
							_, _ = h.Skip(t.Context(), ann)
						case 5:
							_, _ = h.Inject(t.Context(), ann, slowFor(lasts))
						}
					}})
				}
				res, err := w.turn(acts...)
				if err != nil {
					t.Fatal(err)
				}
				for what, n := range w.system.on {
					if n != 0 {
						t.Errorf("%s: %d left on", what, n)
					}
				}
				last := 0.
				for _, p := range res.Phases {
					if p.StartS != last || p.EndS <= p.StartS {
						t.Errorf("phases %v", phases(res))
					}
					last = p.EndS
				}
				if math.Abs(last-res.DurationS) > 1e-6 {
					t.Errorf("phases %v to %v of %v s", phases(res), last, res.DurationS)
				}
				wantPhases(t, res, phases(res)...)
				for _, f := range res.Faults {
					if f.AppliedS != nil && (f.UndoneS == nil || *f.UndoneS < *f.AppliedS || *f.AppliedS != f.ScheduledS || *f.UndoneS != f.ScheduledUndoS) {
						t.Errorf("a fault: %+v", f)
					}
				}
				for _, c := range res.Checks {
					if !c.OK && c.Name != "steady state" {
						t.Errorf("check %s: %s", c.Name, c.Text)
					}
				}
			})
		})
	}
}
