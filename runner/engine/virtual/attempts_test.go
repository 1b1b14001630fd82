package virtual_test

import (
	"math"
	"testing"
)

// Edge figures by phase are true where a fault sits on the caller: with errors on the callee and slowness on the caller for half of the phase,
// each request makes three attempts, and each phase counts what the mesh saw in it.
func TestAttemptsByPhaseUnderFaultsOnTheCaller(t *testing.T) {
	t.Parallel()
	res := conduct(t, parse(t, `
scenario: retries
topology:
  f:   {kind: gateway, routes: [{match: /*, to: mid}]}
  mid: {kind: service, retry: {attempts: 3, backoff: 1ms}, endpoints: {GET /x: [{work: 1ms}, {call: s GET /x}]}}
  s:   {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: f, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 5s}
  - {name: broken, for: 6s, faults: [{errors: 100%, on: s}, {slow: 1ms, on: mid, for: 3s}]}
  - {name: after, for: 5s}
`), 1)
	for i, want := range []float64{1, 3, 1} {
		for _, e := range res.Phases[i].Edges {
			if e.From != "mid" {
				continue
			}
			if math.Abs(e.Amplification-want) > .01 || e.Attempts != e.Requests {
				t.Errorf("%s: amplification %.2fx, want %.0fx; %d attempts, the mesh saw %d", res.Phases[i].Name, e.Amplification, want, e.Attempts, e.Requests)
			}
		}
	}
	wellChecked(t, res)
}

// What a fault at the very begin does must not put the warm-up into the phases.
func TestAFaultAtZeroLeavesTheWarmUpOut(t *testing.T) {
	t.Parallel()
	res := conduct(t, short(t, "1ms", "rate: 50/s", "{name: crashed, for: 5s, faults: [{crash: app}]}", "{name: after, for: 5s}"), 1)
	for _, n := range res.Nodes {
		if n.Name == "app" && n.Counters["squall_requests_total"] > 251 {
			t.Errorf("app counted %v requests in 10 s at 50/s, of which it was down for 5", n.Counters["squall_requests_total"])
		}
	}
	for _, e := range res.Edges {
		if e.From == "gw" && (e.Attempts > 501 || e.Attempts < 499) {
			t.Errorf("%s: %d attempts, want 500", e.Name, e.Attempts)
		}
	}
	wellChecked(t, res)
}
