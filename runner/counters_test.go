package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What was delivered over an edge is of all subscribers at its callee; what waits is as it is at the end.
func TestDeliveryOverAnEdge(t *testing.T) {
	to := func(node string) *scenarios.Call { return &scenarios.Call{Node: node, Method: "POST", Path: "/"} }
	stream := &scenarios.Node{Name: "events", Kind: scenarios.KindStream, Stream: scenarios.Stream{Subscribers: []*scenarios.Subscriber{
		{Name: "a", To: to("search")}, {Name: "b", To: to("search")}, {Name: "c", To: to("store")},
	}}}
	p := &topology.Plan{Instances: []topology.Instance{{Name: "events-1", Node: stream}, {Name: "search-1", Node: &scenarios.Node{Name: "search"}}}}
	seen := func(a, b, lag float64) *Observation {
		return &Observation{Nodes: map[string]NodeCounters{"events-1": {Counters: map[string]float64{
			`squall_subscriber_delivered_total{subscriber="a"}`: a, `squall_subscriber_delivered_total{subscriber="b"}`: b,
			`squall_subscriber_fresh_total{subscriber="a"}`: a / 2, `squall_subscriber_dead_total{subscriber="b"}`: b / 10,
			`squall_lag_messages{subscriber="a"}`: 3, `squall_lag_messages{subscriber="b"}`: 4, `squall_lag_messages{subscriber="c"}`: 9,
			`squall_lag_seconds{subscriber="a"}`: lag, `squall_lag_seconds{subscriber="b"}`: lag / 2,
		}}}}
	}
	edge := topology.Edge{From: "events-1", To: "search-1", FromNode: "events", ToNode: "search"}
	want := &record.Delivery{Delivered: 50, Fresh: 10, Dead: 3, Backlog: 7, LagS: 5}
	if diff := cmp.Diff(want, deliveryOver(p, seen(10, 20, 1), seen(30, 50, 5), edge)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := deliveryOver(p, nil, nil, edge); got != nil {
		t.Errorf("unread: %+v", got)
	}
	if got := deliveryOver(p, nil, seen(1, 1, 1), topology.Edge{From: "search-1", ToNode: "db"}); got != nil {
		t.Errorf("of a service: %+v", got)
	}
}
