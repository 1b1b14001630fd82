package node_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

const stock = `
-- What there is; the last one has no price.
CREATE TABLE stock (item text PRIMARY KEY, n int NOT NULL, price numeric, gone boolean NOT NULL DEFAULT false);
INSERT INTO stock (item, n, price) VALUES ('bolt', 3, 2.5), ('nut', 0, 0.25), ('o''clock; {item}', 1, NULL);
`

func querying(sql string, more ...func(*scenarios.Step)) scenarios.Step {
	s := scenarios.Step{Query: scenarios.Query{Query: sql, SQL: "db"}}
	for _, f := range more {
		f(&s)
	}
	return s
}

func absent(status int) func(*scenarios.Step) {
	return func(s *scenarios.Step) { s.Absent = status }
}

func list(s *scenarios.Step) { s.List = true }

// shopOfQueries is a service of SQL of its own.
func shopOfQueries() scenarios.Node {
	n := service("s", "POST /orders/{item}", querying("UPDATE stock SET n = n - 1 WHERE item = {item} AND n > 0", absent(409)))
	for match, step := range map[string]scenarios.Step{
		"GET /items/{item}": querying("SELECT n FROM stock WHERE item = {item}", absent(404)),
		"GET /items": querying(`SELECT item, n, price, gone FROM stock WHERE ({?least}::int IS NULL OR n >= {?least}::int)
			AND ({?item}::text IS NULL OR item = {?item}) ORDER BY item`, list),
		"GET /wrong": querying("SELECT colour FROM stock"),
	} {
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: match, Steps: []scenarios.Step{step}})
	}
	return n
}

func (w *world) setUp(name, sql string) {
	w.t.Helper()
	db := database(name)
	db.Setup = sql
	if err := node.Setup(w.t.Context(), func(ctx context.Context) (net.Conn, error) { return w.network.DialContext(ctx, "tcp", name+":80") }, &db); err != nil {
		w.t.Fatal(err)
	}
}

// A query's parameters are the request's, bound and never pasted; its rows are the answer where it lists them; that it found or
// changed none is an answer of its own.
func TestQuery(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		w.setUp("db", stock)
		w.start(shopOfQueries(), "db=database")
		for _, c := range []struct {
			method, path string
			status       int
			body         string // "": any
		}{
			{"GET", "/items/bolt", 200, ""},
			{"GET", "/items/screw", 404, ""},
			{"GET", "/items/" + url.PathEscape("x' OR '1'='1"), 404, ""},
			{"GET", "/items/" + url.PathEscape("o'clock; {item}"), 200, ""},
			{"POST", "/orders/nut", 409, ""},
			{"GET", "/items", 200, `[{"item":"bolt","n":3,"price":2.5,"gone":false},{"item":"nut","n":0,"price":0.25,"gone":false},{"item":"o'clock; {item}","n":1,"price":null,"gone":false}]`},
			{"GET", "/items?least=2", 200, `[{"item":"bolt","n":3,"price":2.5,"gone":false}]`},
			{"GET", "/items?item=none", 200, `[]`},
			{"GET", "/items?item=" + url.QueryEscape("'; DROP TABLE stock; --"), 200, `[]`},
			{"GET", "/wrong", 502, ""},
			{"GET", "/items?least=many", 502, ""},
		} {
			got := w.ask(c.method, "s:80"+c.path)
			if got.status != c.status || c.body != "" && strings.TrimSpace(got.body) != c.body {
				t.Errorf("%s %s: %s, want %d %s", c.method, c.path, got, c.status, c.body)
			}
		}
		var sold atomic.Int64
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				if w.ask("POST", "s:80/orders/bolt", "X-Squall-N", fmt.Sprint(n)).status == 200 {
					sold.Add(1)
				}
			})
		}
		all.Wait()
		if sold.Load() != 3 {
			t.Errorf("%d of 3 bolts sold", sold.Load())
		}
	})
}

// A setup ends at its first mistake, and says which line of it that is in.
func TestSetupSaysItsLine(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		db := database("db")
		db.Setup = "CREATE TABLE a (x int);\n\nINSERT INTO a VALUES (1);\n-- now\nINSERT INTO nowhere\n  VALUES (1);\nCREATE TABLE b (x int)"
		dial := func(ctx context.Context) (net.Conn, error) { return w.network.DialContext(ctx, "tcp", "db:80") }
		err := node.Setup(w.t.Context(), dial, &db)
		if err == nil || !strings.Contains(err.Error(), "its setup, line 5: INSERT INTO nowhere") || !strings.Contains(err.Error(), "42P01") {
			t.Errorf("%v", err)
		}
		c := w.connect("")
		defer c.Close(w.t.Context()) //nolint:errcheck // the test is over
		if got := answerOf(w.t.Context(), c, "SELECT x FROM a"); got != "SELECT 1 (x:23) [1]" {
			t.Error(got)
		}
		if got := answerOf(w.t.Context(), c, "SELECT x FROM b"); got != "error 42P01" {
			t.Error(got)
		}
	})
}
