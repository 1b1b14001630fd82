package scenarios

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/squallhq/squall/faults"
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
func load(t *testing.T, path, variant string) *Scenario {
	t.Helper()
	return document(t, path, variant).Scenario
}

const yardstick = "testdata/valid/payments-slow.yaml"

func TestYardstick(t *testing.T) {
	s := load(t, yardstick, "")
	retry := Policy{Timeout: 500 * time.Millisecond, Retry: &Retry{Attempts: 2, Backoff: 20 * time.Millisecond, Jitter: "full", Budget: 0.1}}
	zero := 0
	want := &Scenario{
		Name: "payments-slow", About: "Checkout stays usable while payments answers slowly, and recovers at once.",
		Nodes: []*Node{
			{Name: "edge", Kind: KindCDN, Origin: "api", Cache: []CacheRule{{Match: "GET /catalog/*", TTL: 2 * time.Second, StaleIfError: time.Minute, Coalesce: true}}},
			{Name: "api", Kind: KindGateway, Auth: "api-key", RateLimit: &RateLimit{Rate: 500, Burst: 100, Per: "client"}, Routes: []Route{
				{Match: "/catalog/*", To: "catalog", Timeout: 300 * time.Millisecond}, {Match: "/orders/*", To: "orders", Timeout: time.Second}}},
			{Name: "catalog", Kind: KindService, Use: "standard", Policy: retry, Replicas: 2, Workers: 32, Endpoints: []*Endpoint{
				{Match: "GET /catalog/{item}", Steps: []Step{{Work: &Work{Mean: 4 * time.Millisecond, Shape: "exponential"}}, {Read: "catalog-db"}}}}},
			{Name: "orders", Kind: KindService, Use: "standard", Policy: retry, Endpoints: []*Endpoint{
				{Match: "POST /orders/{id}", Steps: []Step{{Write: "orders-db"}, {
					Call:     &Call{"payments", "POST", "/charge"},
					Policy:   Policy{Timeout: 300 * time.Millisecond, Breaker: &Breaker{Failures: 0.5, Of: 20, OpenFor: 2 * time.Second}},
					Fallback: &Fallback{Write: "orders-queue", Status: 202}}}}}},
			{Name: "payments", Kind: KindService, Endpoints: []*Endpoint{{Match: "POST /charge", Steps: []Step{{Work: &Work{Mean: 20 * time.Millisecond}}}}}},
			{Name: "catalog-db", Kind: KindDatabase},
			{Name: "orders-db", Kind: KindDatabase, Image: "postgres:16"},
			{Name: "orders-queue", Kind: KindQueue, To: &Call{"payments", "POST", "/charge"}},
		},
		Loads: []*Load{{Name: "shoppers", To: "edge", Rate: 150, Arrivals: "poisson", Requests: []Request{
			{Send: "GET /catalog/{item}", Weight: 9, Params: map[string]Param{"item": {Zipf: 1.1, Of: 1000}}}, {Send: "POST /orders/{id}", Weight: 1}}}},
		Phases: []*Phase{{Name: "steady", For: 20 * time.Second}, {Name: "payments slow", For: 30 * time.Second, Faults: []faults.Fault{{
			Kind: faults.Latency{Delay: 800 * time.Millisecond, Jitter: 200 * time.Millisecond},
			On:   faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: "orders"}, To: faults.Selector{Name: "payments"}}}}}},
			{Name: "recovery", For: 20 * time.Second}},
		Expect: []Expectation{
			{In: "steady", Of: "all", Bounds: []Bound{{MetricSuccess, ">=", 0.999}, {MetricP99, "<", 0.12}}, Text: "in: steady, of: all, success >= 99.9%, p99 < 120ms"},
			{In: "payments slow", Of: "POST /orders/{id}", Bounds: []Bound{{MetricSuccess, ">=", 0.99}, {MetricP99, "<", 0.7}}, Text: "in: payments slow, of: POST /orders/{id}, success >= 99%, p99 < 700ms"},
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
	want := []Step{{Write: "orders-db"}, {Call: &Call{"payments", "POST", "/charge"}, Policy: Policy{Timeout: 300 * time.Millisecond}}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if s.Node("orders-queue") != nil {
		t.Error("the variant did not remove orders-queue")
	}
}
