package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
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

// A percentile of too few answers is not printed.
func TestReportOfFewAnswers(t *testing.T) {
	r := healthy()
	few(t, r, 39, 0)
	shows(t, r, "steady GET /a 39 100% - - 3.9/s 1.0 ms - - 1.0 ms")
}
