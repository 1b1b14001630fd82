package virtual_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

const sqlLoad = `
scenario: sql
warm_up: 1s
topology:
  db:
    kind: database
    setup: |
      CREATE TABLE stock (item bigint PRIMARY KEY, n bigint NOT NULL);
      CREATE TABLE orders (id text PRIMARY KEY, item bigint, note text);
      INSERT INTO stock VALUES (1, 7);
load:
  readers:
    to: db
    rate: 40/s
    timeout: 1s
    requests:
      - {query: "SELECT n, 'a' AS name FROM stock WHERE item = {item}", item: {sequence: true, of: 1}, check: {json: {"$[0].n": 7, "$[0].name": a}}}
      - {query: "SELECT n FROM stock WHERE item = {missing}", missing: {sequence: true, of: 1}, check: {json: {"$[0].n": 8}}}
      - {query: "INSERT INTO orders VALUES ({write}, {item}, {goods.name})", write: {}, check: {json: {$.rows: 1}}}
      - {query: "INSERT INTO stock VALUES (1, 1)"}
    data: {goods: goods.csv}
    read_back: {sql: db, query: SELECT id FROM orders}
  visitors:
    to: db
    users: 2
    think: 100ms
    session:
      steps:
        - {query: "SELECT n + 1 AS next FROM stock", extract: {next: {json: "$[0].next"}}}
        - {query: "SELECT {next}::text AS said", check: {json: {"$[0].said": "8"}}}
phases:
  - {name: steady, for: 5s}
  - {name: slow, for: 5s, faults: [{latency: 100ms, on: db}]}
  - {name: mended, for: 1s}
  - {name: dead, for: 5s, faults: [{crash: db}]}
  - {name: after, for: 5s}
`

// A load of SQL on the built-in database, open and in closed visits: parameters are bound, columns of data among them, rows are checked and
// extracted from, what the database says in place of an answer is its class, a latency is felt once a statement, and every acknowledged
// write is read back, those of a crash too.
func TestLoadOfSQL(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/goods.csv", []byte("name\nit's\n\"a;b\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse(dir+"/x.yaml", []byte(sqlLoad), "")
	if err != nil {
		t.Fatal(err)
	}
	res := conductWith(t, doc.Scenario, 1, load.New(load.Options{}))
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			want := map[string]int64{}
			switch {
			case p.Name == "dead":
				continue
			case q.Request == "INSERT INTO stock VALUES (1, 1)":
				want["sql 23505"] = q.Sent
			case q.Request == "SELECT n FROM stock WHERE item = {missing}":
				want[record.ErrCheck+"json $[0].n"] = q.Sent
			}
			if q.Sent == 0 || !maps.Equal(q.Errors, want) {
				t.Errorf("%s: %s in %s: %d sent, failed as %v, want %v", q.Load, q.Request, p.Name, q.Sent, q.Errors, want)
			}
			if delay := map[string]float64{"slow": 100}[p.Name]; q.LatencyMs.P50 < delay || q.LatencyMs.P50 > delay+5 {
				t.Errorf("%s: %s in %s takes %g ms", q.Load, q.Request, p.Name, q.LatencyMs.P50)
			}
		}
	}
	w := res.Writes.Loads
	if len(w) != 1 || !w[0].Checked {
		t.Fatalf("writes %+v", w)
	}
	if n := w[0].Counts; n.Acknowledged < 100 || *n.Lost != 0 || *n.Duplicated != 0 || n.Refused+n.Unknown == 0 {
		t.Errorf("writes %+v", n)
	}
}

// A load of a protocol that nothing built in speaks can't run in virtual time, and it is said where it can: no stand-in is advised.
func TestLoadsThatVirtualTimeHasNot(t *testing.T) {
	for asks, speaks := range map[string]string{`grpc: shop.Carts/Get`: "gRPC", `websocket: /echo, body: x`: "WebSocket", `command: GET x, weight: 1`: "Redis"} {
		doc, err := language.Parse("x.yaml", []byte(`
scenario: real
topology: {there: {kind: image, image: x, part: `+map[bool]string{true: "redis", false: "nginx"}[speaks == "Redis"]+`}}
load: {users: {to: there, rate: 1/s, requests: [{`+asks+`}]}}
phases: [{name: p, for: 1s}]
`), "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := doc.Plan(1)
		if err != nil {
			t.Fatal(err)
		}
		want := `load "users" speaks ` + speaks + ` to "there", which nothing built in does`
		if err := (&virtual.Engine{}).Check(p); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "stand_in") {
			t.Errorf("%s: %v", asks, err)
		}
	}
}
