package docker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	generator "github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
)

// A load asks real databases and Redis in their own words, open and closed: what is bound or replaced arrives as it is, answers are
// checked, what the server says in place of one is its class, a latency on the edge is felt once a question, a crash is failures and
// then none, and no acknowledged write is lost.
func TestLoadAsksRealParts(t *testing.T) {
	breadth.Today(t, 3, 4)
	inParallel(t)
	plan := parsed(t, `
scenario: direct
warm_up: 1s
topology:
  pg:
    kind: database
    image: `+debimage.Ensure(t.Context(), t, debimage.Postgres)+`
    part: postgres
    setup: &setup |
      CREATE TABLE orders (id varchar(64) PRIMARY KEY, item int NOT NULL, note varchar(64));
      CREATE TABLE stock (item int PRIMARY KEY, n int NOT NULL);
      INSERT INTO stock VALUES (1, 1000), (2, 0)
  maria:
    kind: database
    image: `+debimage.Ensure(t.Context(), t, debimage.MariaDB)+`
    part: mariadb
    setup: *setup
  hot:
    kind: image
    image: `+debimage.Ensure(t.Context(), t, debimage.Redis)+`
    part: redis
load:
  rows:
    to: pg
    rate: 20/s
    timeout: 2s
    requests: &asks
      - {query: "INSERT INTO orders VALUES ({write}, {item}, 'it''s one')", write: {}, item: {uniform: true, of: 9}, check: {json: {$.rows: 1}}}
      - {query: "SELECT item, n FROM stock WHERE item = {one}", one: {sequence: true, of: 1}, check: {json: {"$[0].item": 1}}}
      - {query: "INSERT INTO stock VALUES (1, 1)"}
      - {query: "UPDATE stock SET n = n - 1 WHERE item = {item} AND n > 0", item: {sequence: true, of: 2}}
    read_back: {sql: pg, query: SELECT id FROM orders}
  others:
    to: maria
    rate: 20/s
    timeout: 2s
    requests: *asks
    read_back: {sql: maria, query: SELECT id FROM orders}
  keys:
    to: hot
    users: 2
    think: 100ms
    timeout: 2s
    requests:
      - {command: "RPUSH orders {write}", write: {}}
      - {command: [SET, "cart:{id}", "it's {id}"], id: {sequence: true, of: 1}, check: {body: {contains: OK}}}
      - {command: "GET 'cart:none'", check: {json: {$: null}}}
      - {command: "LLEN cart:1"}
    read_back: {redis: hot, command: LRANGE orders 0 -1}
phases:
  - {name: steady, for: 4s}
  - {name: slow, for: 4s, faults: [{latency: 100ms, on: [pg, maria, hot]}]}
  - {name: mended, for: 2s}
  - {name: dead, for: 2s, faults: [{crash: pg}]}
  - {name: recovers, until: go, for: 2m}
  - {name: back, for: 2s}
`, nil)
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	run := fmt.Sprintf("test-%x", time.Now().UnixNano())
	cleanRun(t, e, run)
	hands := &runner.Hands{}
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: plan, Engine: e, Loader: generator.New(generator.Options{FineWait: true}), Run: run, Dir: t.TempDir(), ReadWritten: readback.Read,
		Hands: hands, Watch: goesOn(t, hands, "recovers", "rows", "SELECT"),
	})
	if err != nil {
		t.Fatal(err)
	}
	steady := map[string]float64{}
	classes := map[string]string{"rows: INSERT INTO stock VALUES (1, 1)": "sql 23505", "others: INSERT INTO stock VALUES (1, 1)": "sql 1062", "keys: LLEN cart:1": "redis WRONGTYPE"}
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			gone := q.Load == "rows" && (p.Name == "dead" || p.Name == "recovers")
			want, right := classes[q.Load+": "+q.Request], q.Sent
			if want != "" {
				right = q.Errors[want] + q.OK
			}
			switch {
			case q.Sent == 0:
				t.Errorf("%s: no %s in %s", q.Load, q.Request, p.Name)
			case gone && p.Name == "dead" && q.OK > enginetest.CameBefore(res.Faults[len(res.Faults)-1], 20/4):
				t.Errorf("%d of %d %s are answered by who is not there", q.OK, q.Sent, q.Request)
			case gone:
			case want == "" && q.Failed > 1, want != "" && (right < q.Sent-1 || q.OK > 1): // one may be on its way as it is slow or dead
				t.Errorf("%s: %s in %s: %d of %d failed as %v", q.Load, q.Request, p.Name, q.Failed, q.Sent, q.Errors)
			}
			if p.Name == "steady" {
				steady[q.Load+q.Request] = q.LatencyMs.P50
			}
			if more := q.LatencyMs.P50 - steady[q.Load+q.Request]; p.Name == "slow" && (q.LatencyMs.P50 < 100 || more > 180) {
				t.Errorf("%s: %s takes %g ms with 100 ms on its edge", q.Load, q.Request, q.LatencyMs.P50)
			}
		}
	}
	if len(res.Writes.Loads) != 3 {
		t.Fatalf("writes %+v", res.Writes.Loads)
	}
	for _, w := range res.Writes.Loads {
		if n := w.Counts; !w.Checked || n.Acknowledged < 20 || *n.Lost != 0 || *n.Duplicated != 0 || n.RefusedThere != nil && *n.RefusedThere != 0 {
			t.Errorf("writes of %s (%s): %+v", w.Load, w.Why, n)
		}
	}
	wantNothing(t, e, run)
}

// goesOn says go in a phase that waits for it, once all requests of a load's kind were answered well for a second: how long a server takes to
// be back is the machine's.
func goesOn(t *testing.T, hands *runner.Hands, phase, load, kind string) func(record.Status) {
	said := false
	return func(s record.Status) {
		if said || s.Phase != phase {
			return
		}
		for _, q := range s.Look().Requests {
			if q.Load != load || !strings.HasPrefix(q.Request, kind) || q.Sent == 0 || q.OK < q.Sent {
				continue
			}
			said = true
			go func() { // the one who watches is waited for
				if _, err := hands.Go(t.Context(), runner.By{Door: "test"}); err != nil {
					t.Errorf("say go: %v", err)
				}
			}()
		}
	}
}
