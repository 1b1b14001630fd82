package language

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// document reads a file or fails the test.
func document(t *testing.T, path, variant string) *Document {
	t.Helper()
	doc, err := LoadFile(path, variant)
	if err != nil {
		t.Fatalf("load %s, variant %q:\n%v", path, variant, err)
	}
	return doc
}

// load is the scenario of a file.
func load(t *testing.T, path, variant string) *scenarios.Scenario {
	t.Helper()
	return document(t, path, variant).Scenario
}

const yardstick = "testdata/valid/payments-slow.yaml"

func TestYardstick(t *testing.T) {
	s := load(t, yardstick, "")
	retry := scenarios.Policy{Timeout: 500 * time.Millisecond, Retry: &scenarios.Retry{Attempts: 2, Backoff: 20 * time.Millisecond, Jitter: "full", Budget: new(0.1)}}
	zero := 0
	want := &scenarios.Scenario{
		Name: "payments-slow", About: "Checkout stays usable while payments answers slowly, and recovers at once.",
		Nodes: []*scenarios.Node{
			{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "api", Cache: []scenarios.CacheRule{{Match: "GET /catalog/*", TTL: 2 * time.Second, StaleIfError: time.Minute, Coalesce: true}}}},
			{Name: "api", Kind: scenarios.KindGateway, Gateway: scenarios.Gateway{Auth: "api-key"}, RateLimit: &scenarios.RateLimit{Rate: 500, Burst: 100, Per: "client"}, Routing: scenarios.Routing{Routes: []scenarios.Route{
				{Match: "/catalog/*", To: "catalog", Timeout: 300 * time.Millisecond}, {Match: "/orders/*", To: "orders", Timeout: time.Second}}}},
			{Name: "catalog", Kind: scenarios.KindService, Use: "standard", Policy: retry, Replicas: 2, Workers: 32, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "GET /catalog/{item}", Steps: []scenarios.Step{{Work: &scenarios.Work{Mean: 4 * time.Millisecond, Shape: "exponential"}}, {Read: "catalog-db"}}}}}},
			{Name: "orders", Kind: scenarios.KindService, Use: "standard", Policy: retry, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /orders/{id}", Steps: []scenarios.Step{{Write: "orders-db"}, {
					Call:     &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"},
					Policy:   scenarios.Policy{Timeout: 300 * time.Millisecond, Breaker: &scenarios.Breaker{Failures: 0.5, Of: 20, OpenFor: 2 * time.Second}},
					Fallback: &scenarios.Fallback{Write: "orders-queue", Status: 202}}}}}}},
			{Name: "payments", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: "POST /charge", Steps: []scenarios.Step{{Work: &scenarios.Work{Mean: 20 * time.Millisecond}}}}}}},
			{Name: "catalog-db", Kind: scenarios.KindDatabase},
			{Name: "orders-db", Kind: scenarios.KindDatabase, Image: "postgres:16"},
			{Name: "orders-queue", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"}}},
		},
		Loads: []*scenarios.Load{{Name: "shoppers", To: "edge", Rate: 150, Arrivals: "poisson", Requests: []scenarios.Request{
			{Send: "GET /catalog/{item}", Weight: 9, Params: map[string]scenarios.Param{"item": {Zipf: 1.1, Of: 1000}}}, {Send: "POST /orders/{id}", Weight: 1}}}},
		Phases: []*scenarios.Phase{{Name: "steady", For: 20 * time.Second}, {Name: "payments slow", For: 30 * time.Second, Faults: []faults.Fault{{
			Kind: faults.Latency{Delay: 800 * time.Millisecond, Jitter: 200 * time.Millisecond},
			On:   faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: "orders"}, To: faults.Selector{Name: "payments"}}}}}},
			{Name: "recovery", For: 20 * time.Second}},
		Expect: []scenarios.Expectation{
			{In: "steady", Of: "all", Bounds: []scenarios.Bound{{Metric: metric.Success, Op: ">=", Value: 0.999}, {Metric: metric.P99, Op: "<", Value: 0.12}}, Text: "in: steady, of: all, success >= 99.9%, p99 < 120ms"},
			{In: "payments slow", Of: "POST /orders/{id}", Bounds: []scenarios.Bound{{Metric: metric.Success, Op: ">=", Value: 0.99}, {Metric: metric.P99, Op: "<", Value: 0.7}}, Text: "in: payments slow, of: POST /orders/{id}, success >= 99%, p99 < 700ms"},
			{After: "payments slow", Recovered: 5 * time.Second, Text: "after: payments slow, recovered_within: 5s"},
			{WritesLost: &zero, Text: "writes_lost: 0"},
		},
	}
	if diff := cmp.Diff(want.Essence(), s.Essence()); diff != "" {
		t.Errorf("model (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"no-breaker"}, s.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
}

func TestYardstickWithoutBreaker(t *testing.T) {
	s := load(t, yardstick, "no-breaker")
	steps := s.Node("orders").Endpoints[0].Steps
	want := []scenarios.Step{{Write: "orders-db"}, {Call: &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"}, Policy: scenarios.Policy{Timeout: 300 * time.Millisecond}}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if s.Node("orders-queue") != nil {
		t.Error("the variant did not remove orders-queue")
	}
}
