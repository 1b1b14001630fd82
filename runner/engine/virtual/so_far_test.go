package virtual_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

const watched = `
scenario: watched
topology:
  front: {kind: service, endpoints: {GET /x: [{call: back GET /y, timeout: 200ms, retry: {attempts: 2}, fallback: {status: 200}}, {read: db}]}}
  back: {kind: service, replicas: 2, endpoints: {GET /y: [{work: 2ms}]}}
  db: {kind: database}
load:
  users: {to: front, rate: 80/s, requests: [{send: GET /x}]}
warm_up: 2s
phases:
  - {name: steady, for: 10s}
  - {name: slow, for: 10s, faults: [{latency: 500ms, on: front -> back, at: 2s, for: 6s}]}
  - {name: down, for: 10s, faults: [{errors: 50%, on: back, for: 12s, outlasts: true}]}
  - {name: after, for: 10s}
`

// by is who steers.
var by = runner.By{Who: "ann", Door: "page"}

// watch makes the run, and asks for the record so far every second where it is to be looked at: records by the second they are of. What is
// done is, half a second after its own.
func watch(t *testing.T, looked bool, done map[int]func(*runner.Hands) error) (final *record.Result, soFar map[int]*record.Result) {
	t.Helper()
	s, err := language.Parse("x.yaml", []byte(watched), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := topology.New(s.Scenario, 1)
	if err != nil {
		t.Fatal(err)
	}
	soFar = map[int]*record.Result{}
	hands := &runner.Hands{}
	last := -1
	look := func(status record.Status) {
		second := int(status.Elapsed / time.Second)
		if status.Phase == "" || second == last || second > 38 {
			return // the run would be over before the look
		}
		last = second
		if do := done[second]; do != nil {
			go func() {
				time.Sleep(time.Duration(second)*time.Second + 500*time.Millisecond - status.Elapsed)
				if err := do(hands); err != nil {
					t.Errorf("at %d.5 s: %v", second, err)
				}
			}()
		}
		if !looked {
			return
		}
		go func() {
			time.Sleep(time.Duration(second)*time.Second + 300*time.Millisecond - status.Elapsed)
			if r, err := hands.Record(context.Background()); err == nil {
				soFar[second] = r // one after another
			}
		}()
	}
	final, err = runner.Run(context.Background(), runner.Options{Plan: p, Engine: &virtual.Engine{}, Loader: load.New(load.Options{}), Run: "test", Dir: t.TempDir(), Watch: look, Hands: hands})
	if err != nil {
		t.Fatal(err)
	}
	return final, soFar
}

// Who looks at a run sees what its record says in the end: phases and seconds that are over to the last figure, faults as they were on. And
// nothing of the record hangs on being looked at.
func TestTheRecordSoFar(t *testing.T) {
	steering := map[int]func(*runner.Hands) error{ // as long as the plan: 3 s are held, and 3 s left out
		4:  func(h *runner.Hands) error { _, err := h.Hold(context.Background(), by, time.Minute); return err },
		7:  func(h *runner.Hands) error { _, err := h.Go(context.Background(), by); return err },
		20: func(h *runner.Hands) error { _, err := h.Next(context.Background(), by); return err },
		26: func(h *runner.Hands) error { return h.Note(context.Background(), by, "it is quiet") },
	}
	for name, done := range map[string]map[int]func(*runner.Hands) error{"as planned": nil, "steered": steering} {
		t.Run(name, func(t *testing.T) {
			final, soFar := watch(t, true, done)
			if len(soFar) < 38 {
				t.Fatalf("looked at %d of 40 seconds", len(soFar))
			}
			for second, r := range soFar {
				agrees(t, second, r, final)
			}
			unseen(t, final, done)
		})
	}
}

// unseen holds the record of a run that was looked at against that of one that was not.
func unseen(t *testing.T, final *record.Result, done map[int]func(*runner.Hands) error) {
	unseen, _ := watch(t, false, done)
	final.Started, unseen.Started = time.Time{}, time.Time{}
	if diff := cmp.Diff(unseen, final); diff != "" {
		t.Errorf("the record of a run that was looked at (+) is not that of one that was not (-):\n%s", diff)
	}
}

// agrees holds a record of some moment against the final one.
func agrees(t *testing.T, second int, r, final *record.Result) {
	t.Helper()
	now := float64(second) + 0.3
	same := func(what string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %d.3 s, %s (-final +so far):\n%s", second, what, diff)
		}
	}
	if r.Verdict != record.UnderWay || math.Abs(r.DurationS-now) > 1e-3 || len(r.Checks)+len(r.Findings) > 0 {
		t.Errorf("at %d.3 s: verdict %s after %v s, checks %v, findings %v", second, r.Verdict, r.DurationS, r.Checks, r.Findings)
	}
	for i, p := range r.Phases {
		switch {
		case final.Phases[i].EndS+1 < now: // and its last answers are in
			same("phase "+p.Name, final.Phases[i], p)
		case p.EndS > now || p.Name != final.Phases[i].Name || p.StartS != final.Phases[i].StartS:
			t.Errorf("at %d.3 s: phase %+v", second, p)
		}
	}
	begun := 0
	for _, p := range final.Phases {
		if p.StartS < now {
			begun++
		}
	}
	if len(r.Phases) != begun {
		t.Errorf("at %d.3 s %d phases have begun, of %d", second, len(r.Phases), begun)
	}
	over := func(w record.Window) bool { return float64(w.Second)+2 > now }
	same("its windows", slices.DeleteFunc(slices.Clone(final.Windows), over), slices.DeleteFunc(slices.Clone(r.Windows), over))
	same("its series", final.Series[:len(r.Series)], r.Series)
	for i, f := range r.Faults {
		want := final.Faults[i]
		if on := want.AppliedS != nil && *want.AppliedS < now; on != (f.AppliedS != nil) {
			t.Errorf("at %d.3 s: %s is on: %v", second, f.Name, !on)
		}
		if off := want.UndoneS != nil && *want.UndoneS < now; off != (f.UndoneS != nil) || off && !cmp.Equal(f.Receipt, want.Receipt) {
			t.Errorf("at %d.3 s: %s is off: %v, with %+v", second, f.Name, !off, f.Receipt)
		}
	}
	events := slices.DeleteFunc(slices.Clone(final.Events), func(e record.Event) bool { return e.AtS > now })
	same("events", events, r.Events)
	for i, a := range r.Actions { // what is held yet has not ended
		if want := final.Actions[i]; a.What != want.What || a.AtS != want.AtS || a.Person != want.Person || (a.UndoneS != nil) != (want.UndoneS != nil && *want.UndoneS < now) {
			t.Errorf("at %d.3 s: action %+v", second, a)
		}
	}
}
