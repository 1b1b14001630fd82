package enginetest

import (
	"math"
	"slices"
	"testing"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// retriesUnderFault is f -> mid -> s, where mid tries three times, s fails every request of a phase, and a second fault is
// put on the caller that counts, at the moment at which its counters are read.
const retriesUnderFault = `
scenario: attempts-by-phase
topology:
  f: {kind: gateway, routes: [{match: "/*", to: mid, timeout: 2s}]}
  mid: {kind: service, endpoints: {GET /x: [{call: s GET /x, timeout: 1s, retry: {attempts: 3, backoff: 1ms}}]}}
  s: {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: f, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: before, for: 3s}
  - {name: fault, for: 3s, faults: [{errors: 100%, status: 503, on: s}, {slow: 1ms, on: mid, for: 1500ms}]}
  - {name: after, for: 3s}
`

// AttemptsByPhase runs a scenario whose caller is acted on while it is read: what each phase says that the caller did is
// what the mesh saw in that phase, within that many requests (those under way as it turned), and amplification is 3 to
// within 2 percent, those that were under way, and those that came while a busy machine had not yet put the fault on or off, while all fails.
func AttemptsByPhase(t *testing.T, e runner.Engine, within int64) {
	t.Helper()
	result := runText(t, e, "attempts", []byte(retriesUnderFault))
	const rate, sent = 50, 150 // of each phase
	fails := result.Faults[0]
	late := []int64{0, CameBefore(fails, rate) - 1, CameAfter(fails, rate) - 1}
	for n, want := range []float64{1, 3, 1} {
		edge := edgeOf(t, result.Phases[n], "mid-1:s-1")
		if off := edge.Attempts - edge.Requests; off < -within || off > within {
			t.Errorf("in phase %s the caller counted %d attempts, and the mesh saw %d", result.Phases[n].Name, edge.Attempts, edge.Requests)
		}
		if math.Abs(edge.Amplification-want) > 0.02*want+float64(within+2*late[n])/sent {
			t.Errorf("in phase %s each request became %.3f attempts, want %g", result.Phases[n].Name, edge.Amplification, want)
		}
	}
}

// outlasting is a fault that begins in one phase and ends in the next.
const outlasting = `
scenario: outlasting
topology:
  s: {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: s, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: before, for: 2s}
  - {name: fault, for: 2s, faults: [{errors: 100%, on: s, at: 1s, for: 2s, outlasts: true}]}
  - {name: after, for: 2s}
`

// Outlasting runs a fault that outlasts its phase: each phase's figures are of its own requests, half of which failed in
// both, within that many of them, and the record names the later phase.
func Outlasting(t *testing.T, e runner.Engine, within int64) {
	t.Helper()
	result := runText(t, e, "outlasting", []byte(outlasting))
	for n, want := range []int64{0, 50, 50} {
		r := result.Phases[n].Requests[0]
		if off := r.Failed - want; r.Sent != 100 || off < -within || off > within {
			t.Errorf("in phase %s %d of %d requests failed, want %d of 100", result.Phases[n].Name, r.Failed, r.Sent, want)
		}
	}
	f := result.Faults[0]
	if f.Phase != "fault" || !slices.Equal(f.AlsoIn, []string{"after"}) || f.ScheduledUndoS != 5 || f.Cut != 0 {
		t.Errorf("the fault's record is of phase %q, also in %q, until %g s, with %d requests cut", f.Phase, f.AlsoIn, f.ScheduledUndoS, f.Cut)
	}
}

// hung is a fault under which each caller leaves before it is answered.
const hung = `
scenario: hung
topology:
  gw:  {kind: gateway, timeout: 200ms, routes: [{match: /*, to: app}]}
  app: {kind: service, endpoints: {GET /x: [{call: db GET /x}]}}
  db:  {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: gw, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 3s}
  - {name: hung, for: 3s, faults: [{latency: 5s, on: app -> db}]}
  - {name: after, for: 3s}
`

// AttemptsGivenUp runs a fault whose callers leave: an attempt whose caller has left is counted as given up, so that edges that are
// dying do not look well. Of each edge and phase, attempts are those that were answered, failed, were given up or are under way.
func AttemptsGivenUp(t *testing.T, e runner.Engine) {
	t.Helper()
	result := runText(t, e, "hung", []byte(hung))
	for _, p := range result.Phases {
		for _, e := range p.Edges {
			if e.From != "users" && e.Attempts != e.OK+e.Failures+e.GaveUp+e.InFlight {
				t.Errorf("%s in %s: %d attempts are not %d ok + %d failed + %d given up + %d in flight", e.Name, p.Name, e.Attempts, e.OK, e.Failures, e.GaveUp, e.InFlight)
			}
			// Of 150, those of the last 200 ms leave in the next phase, and a few came before the fault was on.
			if e.From == "app" && p.Name == "hung" && (e.Attempts < 140 || e.GaveUp < 130 || e.OK > 10) {
				t.Errorf("%s: %d of %d given up, %d ok", e.Name, e.GaveUp, e.Attempts, e.OK)
			}
		}
	}
	_, inVirtualTime := e.(runner.Enclosing)
	for _, c := range result.Checks {
		if !c.OK && (inVirtualTime || slices.Contains(counted, c.Name)) {
			t.Errorf("check %s: %s", c.Name, c.Text)
		}
	}
}

// counted are the checks that hold whatever else the machine has to do: the others say that it was too slow for its figures to be believed.
var counted = []string{"flow conservation", "instances stayed up", "attempts", "flow by place"}

func edgeOf(t *testing.T, p record.Phase, name string) record.Edge {
	t.Helper()
	for _, e := range p.Edges {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("phase %s has no edge %s", p.Name, name)
	return record.Edge{}
}
