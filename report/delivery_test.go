package report

import (
	"testing"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// What a queue has delivered is told from its edges: callee instances of one caller say the same, callers add up.
func TestJudgeDeliveries(t *testing.T) {
	edge := func(from, to string, d *record.Delivery) record.Edge {
		return record.Edge{Name: from + ":" + to, From: "q", To: "sink", FromInst: from, ToInst: to, Delivery: d}
	}
	one := &record.Delivery{Delivered: 80, Fresh: 60, Backlog: 5, LagS: 1.5}
	two := &record.Delivery{Delivered: 20, Fresh: 20, Backlog: 2, LagS: 0.5}
	r := healthy()
	r.Phases[1].Edges = []record.Edge{edge("q-1", "sink-1", one), edge("q-1", "sink-2", one), edge("q-2", "sink-1", two)}
	r.Edges = append(r.Edges, edge("q-1", "sink-1", &record.Delivery{Expired: 1}))
	r.Phases = append(r.Phases, record.Phase{Name: "idle", Edges: []record.Edge{edge("q-1", "sink-1", &record.Delivery{})}}) // no message came
	for _, tt := range []struct {
		in       string
		metric   metric.Name
		op       string
		bound    float64
		measured string
		verdict  record.Verdict
	}{
		{"slow", metric.Lag, "<", 2, "lag 1.50 s", record.Pass},
		{"slow", metric.Lag, "<", 1.5, "lag 1.50 s", record.Fail},
		{"slow", metric.Backlog, "<=", 7, "backlog 7 messages", record.Pass},
		{"slow", metric.Fresh, ">=", .7, "fresh 80%", record.Pass},
		{"slow", metric.Fresh, ">", .9, "fresh 80%", record.Fail},
		{"", metric.Backlog, "<", 1, "backlog 0 messages", record.Pass},
		{"", metric.Fresh, ">", .5, "unknown", record.Inconclusive},
		{"steady", metric.Lag, "<", 1, "unknown", record.Inconclusive},
		{"idle", metric.Lag, "<", 1, "unknown", record.Inconclusive},
		{"idle", metric.Backlog, "<", 1, "unknown", record.Inconclusive},
	} {
		e := scenarios.Expectation{In: tt.in, Of: "q -> sink", Bounds: bound(tt.metric, tt.op, tt.bound)}
		Judge(r, &scenarios.Scenario{Expect: []scenarios.Expectation{e}})
		if got := r.Expectations[0]; r.Verdict != tt.verdict || got.Measured != tt.measured {
			t.Errorf("%s %s %g in %q: %s, measured %q; want %s, %q", tt.metric, tt.op, tt.bound, tt.in, r.Verdict, got.Measured, tt.verdict, tt.measured)
		}
	}
}
