package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// shows wants lines, with single blanks between their words, in a report.
func shows(t *testing.T, r *record.Result, lines ...string) {
	t.Helper()
	var b bytes.Buffer
	if err := Terminal(&b, r); err != nil {
		t.Fatal(err)
	}
	var said []string
	for line := range strings.Lines(b.String()) {
		said = append(said, strings.Join(strings.Fields(line), " "))
	}
	for _, line := range lines {
		found := false
		for _, s := range said {
			found = found || s == line
		}
		if !found {
			t.Errorf("the report lacks %q:\n%s", line, b.String())
		}
	}
}

// What still waits at the end is in the report, once for each instance that delivers.
func TestReportOfDeliveries(t *testing.T) {
	r := healthy()
	d := &record.Delivery{Delivered: 1200, Fresh: 800, Dead: 2, Backlog: 40, LagS: 2.5}
	r.Edges = append(r.Edges,
		record.Edge{From: "jobs", To: "worker", FromInst: "jobs-1", ToInst: "worker-1", Delivery: d},
		record.Edge{From: "jobs", To: "worker", FromInst: "jobs-1", ToInst: "worker-2", Delivery: d},
		record.Edge{From: "jobs", To: "worker", FromInst: "jobs-2", ToInst: "worker-1", Delivery: &record.Delivery{}})
	shows(t, r,
		"DELIVERY delivered in time given up expired waiting at the end for",
		"jobs-1 -> worker 1200 800 2 - 40 2.5 s",
		"jobs-2 -> worker 0 - - - 0 -")
}

// The hit ratio of each node's caches is in the report, its instances together.
func TestReportOfCaches(t *testing.T) {
	r := healthy()
	r.Nodes = []record.Node{
		{Name: "edge", Instance: "edge-1", Counters: map[string]float64{"squall_cache_hits_total": 800, "squall_cache_misses_total": 100}},
		{Name: "edge", Instance: "edge-2", Counters: map[string]float64{"squall_cache_hits_total": 63, "squall_cache_revalidating_total": 0,
			"squall_cache_misses_total": 37, "squall_cache_stale_total": 7}},
		{Name: "shop", Instance: "shop-1", Counters: map[string]float64{"squall_cache_hits_total": 0}},
		{Name: "far", Instance: "far-1", Counters: map[string]float64{"squall_cache_revalidating_total": 3, "squall_cache_misses_total": 1}},
	}
	shows(t, r,
		"CACHE fresh hits hits while refreshed misses stale on error hit ratio",
		"of edge 863 - 137 7 86.3%",
		"of far 0 3 1 - 75%")
}

// A recovery that could not be told is neither "not felt" nor "not by the end".
func TestReportOfARecoveryThatCouldNotBeTold(t *testing.T) {
	r := healthy()
	r.Faults[0].RecoveryUntold, r.Faults[0].DetectedAfterS, r.Faults[0].RecoveredAfterS = "another fault was on", nil, nil
	shows(t, r,
		"latency 800ms a -> b 10.00 s 20.00 s unknown unknown",
		"latency 800ms on a -> b: recovery is unknown, another fault was on")
}

// What was done beside the plan is a row of its own among the faults, its phases say so, and the run is no proof of its plan.
func TestReportOfWhatWasDoneByHand(t *testing.T) {
	r := healthy()
	part := .16
	r.Faults[0].Receipt.Text, r.Faults[0].Receipt.Coverage = "32 requests", &part
	r.Actions = []record.Action{
		{AtS: 11.5, Who: record.ByHand, Door: "toxiproxy's API", What: "reset", On: "all edges"},
		{AtS: 12, Who: record.ByOutside, Door: "signal", What: "stopped", On: "b-1", UndoneS: ref(19.)},
	}
	Judge(r, &scenarios.Scenario{Expect: []scenarios.Expectation{{In: "steady", Bounds: bound(metric.OK, ">", .5)}}})
	if r.Verdict != record.Inconclusive {
		t.Errorf("verdict %s of a run that somebody touched", r.Verdict)
	}
	shows(t, r,
		"latency 800ms a -> b 10.00 s 20.00 s 1.0 s 2.0 s 32 requests, 16% of what crossed",
		"reset (by hand, toxiproxy's API) all edges 11.50 s - -",
		"stopped (from outside, signal) b-1 12.00 s 19.00 s -",
		"reset (by hand, toxiproxy's API) on all edges at 11.50 s: the plan does not have it",
		"steady GET /a 1000 100% - - 100.0/s 5.0 ms 20.0 ms 0.00 ms 31.0 ms",
		"slow (touched) GET /a 1000 90% 9% 1% timeout 99.0/s 5.0 ms 812 ms 0.00 ms 1.20 s")
}

// A percentile of too few answers is not printed.
func TestReportOfFewAnswers(t *testing.T) {
	r := healthy()
	few(t, r, 39, 0)
	shows(t, r, "steady GET /a 39 100% - - 3.9/s 1.0 ms - - 1.0 ms")
}

// A closed load that stood still says for how much of its time, and how much it did not send.
func TestReportOfStalls(t *testing.T) {
	r := healthy()
	r.Generator.Stalls = []record.Stall{{Load: "users", TimeShare: .2, NotSent: 1250, LongestS: 5.02}}
	shows(t, r, "Stall the users of users stood still for 20% of their time (5.0 s at most) and sent about 1250 requests fewer: "+
		"a closed load omits those, and no latency has them")
}
