package language

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

const everything = "testdata/valid/everything.yaml"

// Templates, anchors with merge keys and nulls, as they come out.
func TestTemplates(t *testing.T) {
	base := scenarios.Retry{Attempts: 3, Backoff: 20 * time.Millisecond, Most: time.Second, Jitter: "equal", Budget: new(0.1)}
	two := base
	two.Attempts = 2
	unbounded := two
	unbounded.Budget = nil
	breaker := &scenarios.Breaker{Failures: 0.5, Of: 20, OpenFor: 2 * time.Second}
	tests := map[string]struct {
		variant, node string
		want          scenarios.Policy
	}{
		"a template on a template, its own retry merged": {"", "catalog", scenarios.Policy{Timeout: 500 * time.Millisecond, Retry: &two, Breaker: breaker}},
		"merge key, and null removes the breaker":        {"", "orders", scenarios.Policy{Timeout: 500 * time.Millisecond, Retry: &two}},
		"variant takes use and retry away":               {"plain", "catalog", scenarios.Policy{}},
		"variant removes one key of the template's":      {"plain", "orders", scenarios.Policy{Timeout: 500 * time.Millisecond, Retry: &unbounded}},
		"variant changes the template":                   {"fast", "catalog", scenarios.Policy{Timeout: 100 * time.Millisecond, Retry: &two, Breaker: breaker}},
		"no template":                                    {"", "payments", scenarios.Policy{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, load(t, everything, test.variant).Node(test.node).Policy); diff != "" {
				t.Errorf("policy (-want +got):\n%s", diff)
			}
		})
	}
	call := load(t, everything, "").Node("orders").Endpoints[0].Steps[0].Parallel[1]
	want := scenarios.Step{Use: "careful", Call: &scenarios.Call{Node: "catalog", Method: "GET", Path: "/catalog/{id}"}, Policy: scenarios.Policy{Timeout: 100 * time.Millisecond}, Fallback: &scenarios.Fallback{Status: 200}}
	if diff := cmp.Diff(want, call); diff != "" {
		t.Errorf("a call with a template (-want +got):\n%s", diff)
	}
}

func TestMergeKeysTakeWhatIsNotThere(t *testing.T) {
	orders := load(t, everything, "").Node("orders")
	if orders.Replicas != 2 || orders.Workers != 32 || orders.Memory != 1_500_000_000 || orders.CPUs != 0.5 || len(orders.Labels) != 0 {
		t.Errorf("merged into %+v", orders)
	}
}

func TestLoads(t *testing.T) {
	s := load(t, everything, "")
	want := []*scenarios.Load{
		{
			Name: "shoppers", To: "edge", WarmUpFrom: 2, Arrivals: "bursty", Burst: 5, Timeout: 10 * time.Second, MaxInFlight: 500, Priority: "high", APIKey: "s3cret",
			Stages:  []scenarios.Stage{{For: 10 * time.Second, To: 300}, {For: 20 * time.Second, To: 100}, {For: 10 * time.Second, Rate: 50, Level: true}},
			Headers: map[string]string{"Accept": "application/json", "X-Version": "3"},
			Requests: []scenarios.Request{
				{Send: "GET /catalog/{item}", Weight: 9, Params: map[string]scenarios.Param{"item": {Zipf: 1.1, Of: 1000}}},
				{Send: "GET /catalog/{item}/reviews?page={page}", Params: map[string]scenarios.Param{"item": {Uniform: true, Of: 10}, "page": {Sequence: true}}},
				{Send: "POST /orders/{id}", Weight: 0.5, Priority: "low", Body: `{"order": {id}, "of": {user}}`, Params: map[string]scenarios.Param{"user": {Uniform: true}}},
			},
		},
		{Name: "robots", To: "api", Users: 20, Think: &scenarios.Work{Mean: time.Second, Shape: "exponential"}, Requests: []scenarios.Request{{Send: "GET /legacy"}}},
		{Name: "visitors", To: "edge", Rate: 1, Arrivals: "poisson", Session: &scenarios.Session{Requests: 5}, Think: &scenarios.Work{Mean: 2 * time.Second}, Requests: []scenarios.Request{{Send: "GET /catalog/1"}}},
	}
	if diff := cmp.Diff(want, s.Loads); diff != "" {
		t.Errorf("loads (-want +got):\n%s", diff)
	}
	fast := load(t, everything, "fast")
	if len(fast.Loads) != 2 || fast.Loads[0].Rate != 10 || fast.Loads[0].Stages != nil || fast.Loads[1].Name != "visitors" {
		t.Errorf("variant fast has loads %+v", fast.Loads)
	}
}

func TestFaults(t *testing.T) {
	name := func(n string) faults.Selector { return faults.Selector{Name: n} }
	edge := func(from, to faults.Selector, both bool) faults.Selector {
		return faults.Selector{Edge: &faults.EdgeSelector{From: from, To: to, Both: both}}
	}
	union := func(list ...faults.Selector) faults.Selector { return faults.Selector{Any: list} }
	s := time.Second
	want := []faults.Fault{
		{Name: "slow catalog", At: s, For: 5 * s, On: edge(name("api"), name("catalog"), false),
			Kind: faults.Latency{Delay: 200 * time.Millisecond, Jitter: 50 * time.Millisecond, Shape: "normal", Direction: faults.Both, Share: 0.5, Per: "connection"}},
		{On: edge(name("catalog"), name("catalog-db"), false), Kind: faults.Bandwidth{Rate: 1e6}},
		{On: edge(name("shoppers"), name("edge"), false), Kind: faults.Slicer{Size: 64, Variation: 16, Delay: time.Millisecond}},
		{For: 5 * s, On: edge(name("orders"), name("payments"), false), Kind: faults.Blackhole{Bytes: "kept"}},
		{At: 6 * s, For: s, On: union(edge(name("orders"), name("payments"), false), edge(name("orders"), name("catalog"), false)), Kind: faults.HalfOpen{}},
		{On: edge(name("client"), name("api"), false), Kind: faults.Timeout{After: 5 * s}},
		{At: 10 * s, For: s, On: edge(faults.Selector{Region: "eu"}, name("payments"), false), Kind: faults.Reset{}},
		{At: 12 * s, For: s, On: name("catalog-2"), Kind: faults.Refuse{}},
		{At: 14 * s, For: s, On: edge(name("orders"), name("*"), false), Kind: faults.Freeze{}},
		{At: 16 * s, For: s, On: edge(name("orders"), name("payments"), true), Kind: faults.AcceptClose{}},
		{On: name("payments"), Kind: faults.SlowAccept{Delay: 2 * s}},
		{On: faults.Selector{Labels: map[string]string{"tier": "front"}}, Kind: faults.SlowClose{Delay: s}},
		{At: 59 * s, On: faults.Selector{Role: "database", Share: 0.5}, Kind: faults.LimitData{Bytes: 16000}},
		{At: 59 * s, On: edge(name("orders"), name("payments"), false), Kind: faults.DNS{Answer: "slow", Delay: s / 10}},
		{At: 59 * s, On: faults.Selector{Role: "database"}, Kind: faults.ConnectionLimit{Most: 4, Over: "wait"}},
		{At: 20 * s, For: s, On: edge(name("orders"), union(name("catalog-db"), name("orders-db")), false), Kind: faults.Partition{Ways: "one", How: "refuse"}},
		{At: 22 * s, For: s, On: faults.Selector{Region: "us"}, Kind: faults.Outage{}},
		{At: 24 * s, For: s, On: faults.Selector{Zone: "eu-b", Share: 0.25}, Kind: faults.Outage{How: "drop"}},
		{At: 30 * s, On: name("payments"), Kind: faults.Crash{RestartAfter: 5 * s}},
		{At: 36 * s, For: 3 * s, On: faults.Selector{Labels: map[string]string{"tier": "front"}, Share: 0.5}, Kind: faults.Pause{}},
		{At: 40 * s, For: s, On: name("catalog"), Kind: faults.CPU{Cores: 0.25}},
		{At: 41*s + s/2, For: s / 2, On: name("catalog"), Kind: faults.Memory{Limit: 64e6}},
		{At: 42 * s, For: s, On: name("payments-1"), Kind: faults.Errors{Share: 0.3, Status: 503}},
		{At: 44 * s, For: s, On: union(name("payments"), name("orders-2")), Kind: faults.Slow{Added: 300 * time.Millisecond, Factor: 2}},
	}
	if diff := cmp.Diff(want, load(t, everything, "").Phases[1].Faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// Every kind of fault can be written: its own example parses and gives that kind, and the schema takes it.
func TestEveryKindsExample(t *testing.T) {
	const around = `scenario: example
topology:
  api: {kind: service, region: eu-west, endpoints: {GET /a: [{call: orders POST /b}, {call: catalog GET /c}]}}
  orders: {kind: service, endpoints: {POST /b: [{call: payments POST /d}, {write: orders-db}]}}
  orders-db: {kind: database, image: "postgres:16", volumes: [{target: /var/lib/postgresql/data, size: 64MB}]}
  catalog: {kind: service, endpoints: {GET /c: {read: catalog-db}}}
  payments: {kind: service, endpoints: {POST /d: {write: events}}}
  events: {kind: stream, retain: 1m, subscribers: {search: {to: catalog GET /c}}}
  catalog-db: {kind: database}
  catalog-replica: {kind: database, replica_of: catalog-db}
  edge: {kind: cdn, origin: api, cache: [{match: GET /a, ttl: 1s}]}
  web: {kind: image, image: "nginx:1.28", certificate: {cert: /tls/web.crt, key: /tls/web.key, reload: [nginx, -s, reload]}}
load:
  users: {to: edge, rate: 10/s, requests: [{send: GET /a}]}
  others: {to: web, tls: {ca: run}, rate: 10/s, requests: [{send: GET /a}]}
phases:
  - name: bad
    for: 60s
    faults:
      - `
	schema := compiled(t)
	for _, row := range faults.Kinds {
		t.Run(row.Word, func(t *testing.T) {
			text := []byte(around + row.Explain.Example + "\n")
			s, err := Parse("example.yaml", text, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Scenario.Phases[0].Faults[0].Kind.Kind(); got != row.Zero.Kind() {
				t.Errorf("it is a %s", got)
			}
			if err := schema.Validate(instance(t, text)); err != nil {
				t.Error(err)
			}
		})
	}
}
