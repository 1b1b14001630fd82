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
// within 2 percent while all fails.
func AttemptsByPhase(t *testing.T, e runner.Engine, within int64) {
	t.Helper()
	result := runText(t, e, "attempts", []byte(retriesUnderFault))
	for n, want := range []float64{1, 3, 1} {
		edge := edgeOf(t, result.Phases[n], "mid-1:s-1")
		if off := edge.Attempts - edge.Requests; off < -within || off > within {
			t.Errorf("in phase %s the caller counted %d attempts, and the mesh saw %d", result.Phases[n].Name, edge.Attempts, edge.Requests)
		}
		if math.Abs(edge.Amplification-want) > 0.02*want {
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
