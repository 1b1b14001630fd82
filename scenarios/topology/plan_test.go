package topology_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

// plan lays a document out or fails the test.
func plan(t *testing.T, doc *language.Document) *topology.Plan {
	t.Helper()
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProblemsNameTheirPlace goes from a file to problems: each names the line and column of what is wrong.
func TestProblemsNameTheirPlace(t *testing.T) {
	const file = `scenario: places
topology:
  api: {kind: gateway, routes: [{match: /*, to: orders}]}
  orders:
    kind: service
    replicas: 2
    endpoints: {POST /orders: [{write: db}]}
  db: {kind: database}
load:
  shoppers: {to: api, rate: 10/s, requests: [{send: POST /orders}]}
phases:
  - {name: steady, for: 5s}
  - name: trouble
    for: 5s
    faults:
      - {latency: 100ms, on: orders -> db}
      - {cpu: db, share: 50%}
      - crash: orders-1
      - {pause: orders}
      - reset: orders -> db
      - {blackhole: orders -> db}
  - {name: recovery, for: 5s}
`
	s, err := language.Parse("places.yaml", []byte(file), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Plan(1)
	var got []string
	problems, _ := err.(source.Problems)
	for _, p := range problems {
		got = append(got, p.Position.String()+": "+p.What)
	}
	want := []string{
		`places.yaml:17:9: "db-1" has no cpus to take a share of: give the fault cores, or the node cpus`,
		`places.yaml:19:9: pause contradicts crash (fault 3 of phase 2), which is on at the same time: "orders-1" is killed, and a process that is not there can't have it`,
		`places.yaml:21:9: black hole contradicts reset (fault 5 of phase 2), which is on at the same time: new connections of orders-1:db-1 can't both reset and hang`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestEveryExplainedExampleCanBePlanned takes each kind's example, as `squall explain` prints it, from text to a plan.
func TestEveryExplainedExampleCanBePlanned(t *testing.T) {
	const head = `scenario: examples
topology:
  api: {kind: gateway, region: eu-west, routes: [{match: /orders/*, to: orders}, {match: /*, to: catalog}]}
  catalog: {kind: service, endpoints: {GET /items: [{read: catalog-db}]}}
  orders: {kind: service, endpoints: {"POST /orders/{id}": [{call: payments POST /charge}, {write: orders-db}]}}
  orders-db: {kind: database, image: "postgres:16", volumes: [{target: /var/lib/postgresql/data, size: 64MB}]}
  payments: {kind: service, replicas: 2, cpus: 1, endpoints: {POST /charge: [{work: 1ms}, {write: events}]}}
  events: {kind: stream, retain: 1m, subscribers: {search: {to: catalog GET /items}}}
  catalog-db: {kind: database}
  catalog-replica: {kind: database, replica_of: catalog-db}
  edge: {kind: cdn, origin: api, cache: [{match: GET /items, ttl: 1s}]}
  web: {kind: image, image: "nginx:1.28", certificate: {cert: /tls/web.crt, key: /tls/web.key, reload: [nginx, -s, reload]}}
load:
  shoppers: {to: edge, rate: 10/s, requests: [{send: "POST /orders/{id}"}, {send: GET /items}]}
  others: {to: web, rate: 10/s, tls: {ca: run}, requests: [{send: GET /items}]}
phases:
  - {name: steady, for: 10s}
  - name: trouble
    for: 10s
    faults:
      - `
	for _, entry := range faults.Kinds {
		t.Run(entry.Word, func(t *testing.T) {
			s, err := language.Parse("example.yaml", []byte(head+entry.Explain.Example+"\n  - {name: recovery, for: 5s}\n"), "")
			if err != nil {
				t.Fatal(err)
			}
			p := plan(t, s)
			if len(p.Faults) != 1 || p.Faults[0].Fault.Kind.Kind() != entry.Word || len(p.Faults[0].Primitives) == 0 || len(p.Warnings) > 0 {
				t.Errorf("%s became %+v, warnings %q", entry.Explain.Example, p.Faults, p.Warnings)
			}
		})
	}
}
