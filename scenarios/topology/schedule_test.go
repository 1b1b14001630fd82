package topology

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// TestScheduleEndsBeforeItBegins: what ends when another begins is gone first, whatever their order in the file.
func TestScheduleEndsBeforeItBegins(t *testing.T) {
	p := plan(t, with(
		faults.Fault{Name: "second", Kind: faults.Reset{}, On: named("db"), At: 10 * time.Second},
		faults.Fault{Name: "first", Kind: faults.Blackhole{}, On: named("db"), For: 10 * time.Second},
		faults.Fault{Name: "crash", Kind: faults.Crash{RestartAfter: 1500 * time.Millisecond}, On: named("orders"), At: 10 * time.Second},
	))
	var got []string
	for _, e := range p.Schedule {
		got = append(got, fmt.Sprint(e.At, " ", p.Faults[e.Fault].Fault.Name, " ", e.Begin))
	}
	want := []string{"20s first true", "30s first false", "30s second true", "30s crash true", "31.5s crash false", "50s second false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	spans := []Span{{"steady", 0, 20 * time.Second}, {"trouble", 20 * time.Second, 50 * time.Second}, {"recovery", 50 * time.Second, 70 * time.Second}}
	if diff := cmp.Diff(spans, p.Phases); diff != "" || p.Total != 70*time.Second {
		t.Error(p.Total, diff)
	}
}

func TestShares(t *testing.T) {
	pick := func(seed uint64, name string, share float64, replicas int) []string {
		s := with(faults.Fault{Name: name, Kind: faults.Pause{}, On: faults.Selector{Name: "catalog", Share: share}})
		s.Node("catalog").Replicas = replicas
		p, err := New(s, seed)
		if err != nil {
			t.Fatal(err)
		}
		return p.Faults[0].Targets.Instances
	}
	for _, test := range []struct {
		share           float64
		replicas, taken int
	}{
		{0.01, 5, 1}, {0.2, 5, 1}, {0.21, 5, 2}, {0.5, 4, 2}, {0.5, 5, 3}, {0.07, 100, 7}, {0.99, 3, 3}, {1, 3, 3}, {0, 3, 3}, {0.3, 10, 3}, {0.6, 5, 3},
	} {
		if got := pick(1, "", test.share, test.replicas); len(got) != test.taken {
			t.Errorf("%g of %d takes %v, want %d", test.share, test.replicas, got, test.taken)
		}
	}
	drawn := map[string]int{}
	for seed := range uint64(400) {
		for _, i := range pick(seed, "", 0.25, 4) {
			drawn[i]++
		}
	}
	for i, n := range drawn {
		if n < 60 || n > 140 { // binomial(400, 1/4): 100, 4.6 standard deviations each way
			t.Errorf("%s was drawn %d times of 400, want about 100", i, n)
		}
	}
	if len(drawn) != 4 {
		t.Errorf("only %v were ever drawn", drawn)
	}
}

// TestShareIsOfEachNode: half of a kind is half of each of its nodes, and another fault in the scenario does not change which.
func TestShareIsOfEachNode(t *testing.T) {
	half := faults.Fault{Kind: faults.Pause{}, On: faults.Selector{Role: "service", Share: 0.5}}
	alone := plan(t, with(half)).Faults[0].Targets.Instances
	per := map[string]int{}
	for _, i := range alone {
		per[i[:len(i)-2]]++
	}
	if diff := cmp.Diff(map[string]int{"catalog": 2, "payments": 1, "orders": 1}, per); diff != "" {
		t.Error(diff)
	}
	second := plan(t, with(faults.Fault{Kind: faults.Latency{Delay: time.Second}, On: faults.Selector{Name: "catalog", Share: 0.5}}, half))
	if diff := cmp.Diff(alone, second.Faults[1].Targets.Instances); diff != "" {
		t.Error(diff)
	}
}

// TestShareOfAnEdge: a share of a selection of connections is a share of the callees' instances.
func TestShareOfAnEdge(t *testing.T) {
	sel := between(named("api"), named("catalog"))
	sel.Share = 0.25
	got := plan(t, with(faults.Fault{Kind: faults.Reset{}, On: sel})).Faults[0].Targets.Edges
	if len(got) != 1 {
		t.Errorf("a quarter of 4 callees is %v", got)
	}
}

// TestLinks: a link between zones beats one between a zone and a region, which beats one between regions.
func TestLinks(t *testing.T) {
	node := func(region, zone string) *scenarios.Node { return &scenarios.Node{Region: region, Zone: zone} }
	link := func(a, b string, ms int) scenarios.Link {
		return scenarios.Link{Between: [2]string{a, b}, Latency: time.Duration(ms) * time.Millisecond}
	}
	links := []scenarios.Link{link("eu", "us", 40), link("eu", "eu", 2), link("eu-a", "eu-b", 1), link("us", "eu-a", 35), link("us-x", "eu-a", 30)}
	tests := []struct {
		from, to *scenarios.Node
		want     int
	}{
		{node("eu", ""), node("us", ""), 40},
		{node("us", "us-y"), node("eu", "eu-b"), 40},
		{node("eu", ""), node("eu", "eu-b"), 2},
		{node("eu", "eu-b"), node("eu", "eu-a"), 1},
		{node("eu", "eu-a"), node("eu", "eu-a"), 2},
		{node("eu", "eu-a"), node("us", "us-y"), 35},
		{node("us", "us-x"), node("eu", "eu-a"), 30},
		{node("us", ""), node("us", ""), 0},
		{node("", ""), node("eu", ""), 0},
	}
	for _, test := range tests {
		got, _ := base(links, Instance{Node: test.from, Replica: 1}, Instance{Node: test.to, Replica: 1})
		if want := time.Duration(test.want) * time.Millisecond; got != want {
			t.Errorf("%s/%s to %s/%s: %s, want %s", test.from.Region, test.from.Zone, test.to.Region, test.to.Zone, got, want)
		}
	}
}

// TestQueueBeforeItsConsumer: a delivery that closes no cycle counts like a call, so that the consumer is up first.
func TestQueueBeforeItsConsumer(t *testing.T) {
	s := &scenarios.Scenario{
		Nodes: []*scenarios.Node{
			{Name: "jobs", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "worker"}}},
			{Name: "worker", Kind: scenarios.KindService},
		},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Second}},
	}
	p := plan(t, s)
	if p.Instances[0].Name != "worker-1" || p.Instances[1].Level != 1 {
		t.Errorf("instances start as %v", p.Instances)
	}
}
