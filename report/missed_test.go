package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// An expectation that does not hold says which answers missed it: those later than its bound, each once, of the request, phase and load that it is about.
func TestWhatMissedAnExpectation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of     string
		bounds []scenarios.Bound
		want   []record.Missed
	}{
		"a percentile": {"all", bound(metric.P99, "<", .1), []record.Missed{{Phase: "steady", Load: "users", Request: "GET /slow", Answers: 60}}},
		"it holds":     {"all", bound(metric.P99, "<", 2), nil},
		"of another":   {"GET /fast", bound(metric.P99, "<", .005), []record.Missed{{Phase: "steady", Load: "users", Request: "GET /fast", Answers: 940}}},
		"the greater of two": {"all", []scenarios.Bound{{Metric: metric.P99, Op: "<", Value: .1}, {Metric: metric.P50, Op: "<", Value: .005}}, []record.Missed{
			{Phase: "steady", Load: "users", Request: "GET /slow", Answers: 60}, {Phase: "steady", Load: "users", Request: "GET /fast", Answers: 940}}},
		"degraded ones":                {"GET /slow", bound(metric.Degraded, "<", .01), []record.Missed{{Phase: "steady", Load: "users", Request: "GET /slow", Answers: 20}}},
		"not whole":                    {"GET /slow", bound(metric.OK, ">", .99), []record.Missed{{Phase: "steady", Load: "users", Request: "GET /slow", Answers: 20}}},
		"stale ones":                   {"GET /slow", bound(metric.StaleReads, "<", .01), []record.Missed{{Phase: "steady", Load: "users", Request: "GET /slow", Answers: 7}}},
		"more degraded than there are": {"GET /slow", bound(metric.Degraded, ">", .9), nil},
		"a rate":                       {"all", bound(metric.Goodput, ">", 1e6), nil},
	} {
		r := healthy()
		r.Phases = []record.Phase{{Name: "steady", EndS: 10, Requests: []record.Request{
			{Load: "users", Request: "GET /slow", Sent: 60, OK: 40, Degraded: 20, StaleReads: 7}, {Load: "users", Request: "GET /fast", Sent: 940, OK: 940, AnswerMs: &record.Latency{Count: 940, P99: 10}},
		}}}
		slow := window(t, "GET /slow", 60, time.Second)
		slow.OK, slow.Degraded = 40, 20
		r.Windows = []record.Window{slow, window(t, "GET /fast", 940, 10*time.Millisecond)}
		e := scenarios.Expectation{Text: name, Of: c.of, Bounds: c.bounds}
		got, _ := judgeOne(r, e)
		if (got.Holds == nil || *got.Holds) != (name == "it holds") {
			t.Errorf("%s: holds is %v, measured %s", name, got.Holds, got.Measured)
		}
		if d := cmp.Diff(c.want, got.Missed); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Those that missed a latency are of whom it is about: whole answers alone, or all answers; who failed is counted as failed.
func TestWhoMissedALatency(t *testing.T) {
	t.Parallel()
	degraded, failed := window(t, "GET /x", 20, time.Second), window(t, "GET /x", 30, time.Second)
	w := window(t, "GET /x", 100, time.Second)
	w.OK, w.Degraded, w.Failed, w.DegradedHistogram, w.FailedHistogram = 50, 20, 30, degraded.Histogram, failed.Histogram
	for of, want := range map[string]int64{"": 70, "answers": 70, "all": 70, "ok": 50, "failed": 0} {
		r := healthy()
		r.Phases = []record.Phase{{Name: "steady", EndS: 10, Requests: []record.Request{{Load: "users", Request: "GET /x", Sent: 100, OK: 50, Degraded: 20, Failed: 30}}}}
		r.Windows = []record.Window{w}
		var got int64
		for _, m := range missed(r, scenarios.Expectation{Of: "all", LatencyOf: of}, bound(metric.P50, "<", .1)[0]) {
			got += m.Answers
		}
		if got != want {
			t.Errorf("latency_of %q: %d answers missed it, want %d", of, got, want)
		}
	}
}
