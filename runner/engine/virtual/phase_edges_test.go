package virtual_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/metric"
)

// parse reads a scenario that a test has written.
func parse(t testing.TB, file string) *scenarios.Scenario {
	t.Helper()
	s, err := language.Parse("x.yaml", []byte(file), "")
	if err != nil {
		t.Fatal(err)
	}
	return s.Scenario
}

// short is the base of short scenarios: users -> gw -> app, whose work and faults a test gives.
func short(t testing.TB, work, load string, phases ...string) *scenarios.Scenario {
	t.Helper()
	return parse(t, fmt.Sprintf(`
scenario: chain
topology:
  gw:  {kind: gateway, routes: [{match: /*, to: app}]}
  app: {kind: service, endpoints: {GET /x: [{work: %s}]}}
load:
  users: {to: gw, %s, requests: [{send: GET /x}]}
phases:
  - %s
`, work, load, strings.Join(phases, "\n  - ")))
}

// Requests that a fault cuts at the very moment at which it comes on are the fault's, not the steady state's.
func TestWhatAFaultCutsIsTheFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"{outage: app, how: refuse}", "{crash: app}"} {
		res := conduct(t, short(t, "100ms", "rate: 50/s", "{name: steady, for: 5s}", "{name: broken, for: 5s, faults: ["+fault+"]}", "{name: after, for: 5s}"), 1)
		steady, broken, after := res.Phases[0].Requests[0], res.Phases[1].Requests[0], res.Phases[2].Requests[0]
		if steady.OK != steady.Sent || steady.Sent+steady.Cut != 250 || steady.Cut < 4 {
			t.Errorf("%s: steady: %d of %d ok, %d cut", fault, steady.OK, steady.Sent, steady.Cut)
		}
		if broken.Failed != broken.Sent || broken.Sent != 250 {
			t.Errorf("%s: broken: %d of %d failed; none answers under a total outage", fault, broken.Failed, broken.Sent)
		}
		if after.Sent != 250 {
			t.Errorf("%s: after: %d sent", fault, after.Sent)
		}
		if f := res.Faults[0]; f.Cut != steady.Cut || !strings.Contains(f.Receipt.Text, "under way were cut") {
			t.Errorf("%s: %d charged to the fault, steady tells of %d: %s", fault, f.Cut, steady.Cut, f.Receipt.Text)
		}
		wellChecked(t, res)
	}
}

// Rate and goodput are of the requests intended in a phase, however long their answers take.
func TestRateIsOfTheRequestsIntendedInThePhase(t *testing.T) {
	t.Parallel()
	res := conduct(t, short(t, "4s", "rate: 10/s, timeout: 20s", "{name: steady, for: 10s}",
		"{name: slower, for: 10s, faults: [{latency: 500ms, on: gw -> app}]}", "{name: after, for: 10s}"), 1)
	for _, p := range res.Phases {
		if q := p.Requests[0]; math.Abs(q.Rate-10) > 0.11 || q.Goodput != q.Rate {
			t.Errorf("%s: %.2f/s, goodput %.2f/s, want 10", p.Name, q.Rate, q.Goodput)
		}
	}
	wellChecked(t, res)
}

// A phase all of whose requests a fault of the next one cut has its rate, and nothing else.
func TestRateIsToldWhereAFaultOfAnotherPhaseCutAll(t *testing.T) {
	t.Parallel()
	s := short(t, "4s", "rate: 10/s, timeout: 20s", "{name: steady, for: 3s}", "{name: broken, for: 3s, faults: [{outage: app, how: refuse}]}", "{name: after, for: 6s}")
	for _, m := range []metric.Name{metric.Rate, metric.Success} {
		s.Expect = append(s.Expect, scenarios.Expectation{Text: string(m), In: "steady", Bounds: []scenarios.Bound{{Metric: m, Op: ">=", Value: 9.9}}})
	}
	s.Expect[1].Bounds[0].Value = .5
	res := conduct(t, s, 1)
	steady := res.Phases[0].Requests[0]
	if steady.Sent != 0 || steady.Cut != 30 || math.Abs(steady.Rate-10) > .1 || res.Faults[0].Cut != 30 {
		t.Errorf("steady %+v, %d charged to the fault; want all 30 cut at 10/s", steady, res.Faults[0].Cut)
	}
	report.Judge(res, s)
	if rate := res.Expectations[0]; rate.Holds == nil || !*rate.Holds {
		t.Errorf("its rate: %+v", rate)
	}
	if success := res.Expectations[1]; success.Holds != nil || !strings.Contains(success.Why, "cut all 30 requests") {
		t.Errorf("its success: %+v, want untold", success)
	}
}

// A latency of most of its time on cuts as much short as its plan has it, which leaves nothing in doubt.
func TestALatencyOfMostOfItsTimeOnIsNoDoubt(t *testing.T) {
	t.Parallel()
	res := conduct(t, short(t, "1ms", "rate: 20/s, timeout: 20s", "{name: steady, for: 5s}",
		"{name: slow, for: 6s, faults: [{latency: 4s, on: gw -> app}]}", "{name: after, for: 10s}"), 1)
	if r := res.Faults[0].Receipt; math.Abs(r.FullDelayMs-4000) > 20 {
		t.Errorf("those held whole were held for %g ms, want 4000", r.FullDelayMs)
	}
	wellChecked(t, res)
}

// wellChecked tells that no check of the run's own validity failed.
func wellChecked(t testing.TB, res *record.Result) {
	t.Helper()
	for _, c := range res.Checks {
		if !c.OK {
			t.Errorf("check %s: %s", c.Name, c.Text)
		}
	}
}
