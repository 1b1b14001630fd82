package topology

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// shop is the scenario of most tests: a CDN, a gateway, two services in two regions, a database, a
// queue whose delivery closes a cycle, and one load.
func shop() *scenarios.Scenario {
	write := func(to string) scenarios.Step { return scenarios.Step{Write: to} }
	call := func(to string) scenarios.Step {
		return scenarios.Step{Call: &scenarios.Call{Node: to, Method: "POST", Path: "/charge"}}
	}
	return &scenarios.Scenario{
		Name: "shop",
		Nodes: []*scenarios.Node{
			{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "api"}, Region: "eu"},
			{Name: "api", Kind: scenarios.KindGateway, Region: "eu", Routing: scenarios.Routing{Routes: []scenarios.Route{
				{Match: "/catalog/*", To: "catalog"}, {Match: "/orders/*", To: "orders"}}}},
			{Name: "catalog", Kind: scenarios.KindService, Replicas: 4, Region: "eu", Zone: "eu-a", Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "GET /catalog/{item}", Steps: []scenarios.Step{{Read: "db"}}}}}},
			{Name: "orders", Kind: scenarios.KindService, Region: "eu", CPUs: 2, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /orders/{id}", Steps: []scenarios.Step{write("db"), call("payments")}}}}},
			{Name: "payments", Kind: scenarios.KindService, Replicas: 2, Region: "us", Labels: map[string]string{"team": "money"},
				Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: "POST /charge", Steps: []scenarios.Step{write("retries")}}}}},
			{Name: "db", Kind: scenarios.KindDatabase, Region: "eu", Zone: "eu-b"},
			{Name: "retries", Kind: scenarios.KindQueue, Region: "us", Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"}}},
		},
		Links: []scenarios.Link{
			{Between: [2]string{"eu", "us"}, Latency: 40 * time.Millisecond, Jitter: 2 * time.Millisecond},
			{Between: [2]string{"eu", "eu"}, Latency: time.Millisecond},
			{Between: [2]string{"eu-b", "eu-a"}, Latency: 3 * time.Millisecond},
		},
		Loads: []*scenarios.Load{{Name: "shoppers", To: "edge", Rate: 100, Requests: []scenarios.Request{
			{Send: "GET /catalog/{item}", Weight: 9}, {Send: "POST /orders/{id}", Weight: 1}}}},
		Phases: []*scenarios.Phase{
			{Name: "steady", For: 20 * time.Second},
			{Name: "trouble", For: 30 * time.Second},
			{Name: "recovery", For: 20 * time.Second},
		},
	}
}

// with is the shop with faults in its second phase.
func with(fs ...faults.Fault) *scenarios.Scenario {
	s := shop()
	s.Phases[1].Faults = fs
	return s
}

func plan(t *testing.T, s *scenarios.Scenario) *Plan {
	t.Helper()
	p, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func named(name string) faults.Selector { return faults.Selector{Name: name} }

func between(from, to faults.Selector) faults.Selector {
	return faults.Selector{Edge: &faults.EdgeSelector{From: from, To: to}}
}

func TestInstancesStartFromWhatIsCalled(t *testing.T) {
	var got []string
	for _, i := range plan(t, shop()).Instances {
		got = append(got, strings.Repeat(">", i.Level)+i.Name)
	}
	want := []string{
		"db-1", "retries-1",
		">catalog-1", ">catalog-2", ">catalog-3", ">catalog-4", ">payments-1", ">payments-2",
		">>orders-1", ">>>api-1", ">>>>edge-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEdges(t *testing.T) {
	var got []string
	for _, e := range plan(t, shop()).Edges {
		got = append(got, strings.TrimSpace(e.Name+" "+e.Latency.String()+" "+e.Jitter.String()))
	}
	want := []string{
		"retries-1:payments-1 0s 0s", "retries-1:payments-2 0s 0s",
		"catalog-1:db-1 3ms 0s", "catalog-2:db-1 3ms 0s", "catalog-3:db-1 3ms 0s", "catalog-4:db-1 3ms 0s",
		"payments-1:retries-1 0s 0s", "payments-2:retries-1 0s 0s",
		"orders-1:db-1 1ms 0s", "orders-1:payments-1 40ms 2ms", "orders-1:payments-2 40ms 2ms",
		"api-1:catalog-1 1ms 0s", "api-1:catalog-2 1ms 0s", "api-1:catalog-3 1ms 0s", "api-1:catalog-4 1ms 0s", "api-1:orders-1 1ms 0s",
		"edge-1:api-1 1ms 0s",
		"shoppers:edge-1 0s 0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSelections(t *testing.T) {
	latency := faults.Latency{Delay: 100 * time.Millisecond}
	region := func(name string) faults.Selector { return faults.Selector{Region: name} }
	partition := func(a, b faults.Selector, both bool) faults.Fault {
		return faults.Fault{Kind: faults.Partition{}, On: faults.Selector{Edge: &faults.EdgeSelector{From: a, To: b, Both: both}}}
	}
	tests := []struct {
		name      string
		fault     faults.Fault
		edges     string
		instances string
	}{
		{"edge between nodes", faults.Fault{Kind: latency, On: between(named("orders"), named("payments"))}, "orders-1:payments-1 orders-1:payments-2", ""},
		{"edge to one instance", faults.Fault{Kind: latency, On: between(named("orders"), named("payments-2"))}, "orders-1:payments-2", ""},
		{"load by name", faults.Fault{Kind: latency, On: between(named("shoppers"), named("edge"))}, "shoppers:edge-1", ""},
		{"any load", faults.Fault{Kind: latency, On: between(named("client"), named("*"))}, "shoppers:edge-1", ""},
		{"any caller", faults.Fault{Kind: latency, On: between(named("*"), named("edge"))}, "shoppers:edge-1", ""},
		{"edges into a node", faults.Fault{Kind: latency, On: named("payments-1")}, "retries-1:payments-1 orders-1:payments-1", ""},
		{"edges of a load", faults.Fault{Kind: latency, On: named("shoppers")}, "shoppers:edge-1", ""},
		{"kind and zone", faults.Fault{Kind: latency, On: faults.Selector{Role: "database", Zone: "eu-b"}}, "catalog-1:db-1 catalog-2:db-1 catalog-3:db-1 catalog-4:db-1 orders-1:db-1", ""},
		{"label", faults.Fault{Kind: faults.Pause{}, On: faults.Selector{Labels: map[string]string{"team": "money"}}}, "", "payments-1 payments-2"},
		{"union of nodes", faults.Fault{Kind: faults.Crash{}, On: faults.Selector{Any: []faults.Selector{named("api"), named("db-1")}}}, "", "db-1 api-1"},
		{"union of edges", faults.Fault{Kind: latency, On: faults.Selector{Any: []faults.Selector{between(named("edge"), named("api")), between(named("orders"), named("db"))}}}, "orders-1:db-1 edge-1:api-1", ""},
		{"both ways", faults.Fault{Kind: latency, On: faults.Selector{Edge: &faults.EdgeSelector{From: named("payments"), To: named("retries"), Both: true}}},
			"retries-1:payments-1 retries-1:payments-2 payments-1:retries-1 payments-2:retries-1", ""},
		{"partition of regions", partition(region("eu"), region("us"), true), "orders-1:payments-1 orders-1:payments-2", ""},
		{"partition from all others", partition(region("us"), named("*"), true), "orders-1:payments-1 orders-1:payments-2", ""},
		{"partition of the users", partition(named("client"), named("*"), true), "shoppers:edge-1", ""},
		{"outage of the users", faults.Fault{Kind: faults.Outage{}, On: named("client")}, "shoppers:edge-1", ""},
		{"partition one way", partition(region("us"), named("*"), false), "", ""},
		{"outage of a region", faults.Fault{Kind: faults.Outage{}, On: region("us")},
			"retries-1:payments-1 retries-1:payments-2 payments-1:retries-1 payments-2:retries-1 orders-1:payments-1 orders-1:payments-2",
			"retries-1 payments-1 payments-2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(with(test.fault), 1)
			if test.edges+test.instances == "" {
				if err == nil {
					t.Fatalf("a selection that matches nothing passed: %v", p.Faults[0].Targets)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := p.Faults[0].Targets
			if diff := cmp.Diff(test.edges, strings.Join(got.Edges, " ")); diff != "" {
				t.Error("edges", diff)
			}
			if diff := cmp.Diff(test.instances, strings.Join(got.Instances, " ")); diff != "" {
				t.Error("instances", diff)
			}
		})
	}
}
