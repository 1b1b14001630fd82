package docker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A real MariaDB and a real Redis behind edges, used by a built-in service through the field's drivers: the cache hits, a write
// drops what was kept, a cache that is gone costs no answer, a pool of one connection is seen to be too small, kill -9
// of the database is survived, and what was acknowledged is read back.
func TestRealMariaDBAndRedis(t *testing.T) {
	breadth.Today(t, 2, 4)
	inParallel(t)
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Image: debimage.Ensure(t.Context(), t, debimage.MariaDB), Part: "mariadb"}
	hot := &scenarios.Node{Name: "hot", Kind: scenarios.KindCache, Image: debimage.Ensure(t.Context(), t, debimage.Redis), Part: "redis"}
	api := &scenarios.Node{Name: "a", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
		{Match: "GET /items/{item}", Steps: []scenarios.Step{
			{Read: "db", Cache: &scenarios.ReadCache{In: "hot", TTL: time.Minute, Lease: time.Second, Timeout: 2 * time.Second}}}},
		{Match: "POST /items/{item}", Steps: []scenarios.Step{{Write: "db", Idempotent: true}}},
		{Match: "GET /stock/{item}", Steps: []scenarios.Step{{RowRead: scenarios.RowRead{List: true, Absent: 404},
			Query: scenarios.Query{SQL: "db", Query: "SELECT item, n, price, '{x}' AS note FROM stock WHERE item = {item} AND {?none} IS NULL"}}}},
		{Match: "POST /stock/{item}", Steps: []scenarios.Step{{RowRead: scenarios.RowRead{Absent: 409},
			Query: scenarios.Query{SQL: "db", Query: "UPDATE stock SET n = n - 1 WHERE item = {item} AND n > 0"}}}},
		{Match: "PUT /sessions/{user}", Steps: []scenarios.Step{{Key: "session:{user}", KeyValue: scenarios.KeyValue{Set: "hot", Value: "of {user}"}}}},
		{Match: "GET /sessions/{user}", Steps: []scenarios.Step{{Key: "session:{user}", KeyValue: scenarios.KeyValue{Get: "hot"}, RowRead: scenarios.RowRead{Absent: 401}}}},
		{Match: "GET /report/{item}", Steps: []scenarios.Step{{Read: "db", Cost: &scenarios.Work{Mean: 300 * time.Millisecond}}}},
	}}}
	api.Pool = 1
	db.Setup = "CREATE TABLE stock (item VARCHAR(20) PRIMARY KEY, n INT NOT NULL, price DECIMAL(5,2)); -- first rows; two\nINSERT INTO stock VALUES ('it\\'s', 1, 2.50), ('nut', 0, NULL)"
	s := launch(t, Options{}, load(planOf(db, hot, api), "users", "a"))
	client := s.client("users:a-1")
	counter := func(name string) float64 {
		seen, err := s.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return seen.Nodes["a-1"].Counters[name]
	}
	acknowledged := map[string]bool{}
	ask := func(method, path, id string) int {
		status, wrote := send(t, client, method, path, id)
		for _, w := range wrote {
			acknowledged[w] = true
		}
		return status
	}
	for n := range 10 { // one miss, nine hits
		if status := ask("GET", "/items/7", fmt.Sprint("read", n)); status != 200 {
			t.Fatalf("a read is answered %d", status)
		}
	}
	if hits, misses := counter("squall_cache_hits_total"), counter("squall_cache_misses_total"); hits != 9 || misses != 1 {
		t.Errorf("%g hits and %g misses of ten reads of one key, want 9 and 1", hits, misses)
	}
	if status := ask("POST", "/items/7", "w1"); status != 200 {
		t.Fatalf("a write is answered %d", status)
	}
	if ask("POST", "/items/7", "w1") != 200 || len(acknowledged) != 1 {
		t.Errorf("an idempotent write made twice is acknowledged as %v", acknowledged)
	}
	ask("GET", "/items/7", "after")
	if misses := counter("squall_cache_misses_total"); misses != 2 {
		t.Errorf("%g misses after a write of the key, want 2", misses)
	}

	var group sync.WaitGroup
	for n := range 3 {
		group.Go(func() { send(t, client, "GET", "/report/1", fmt.Sprint("report", n)) })
	}
	group.Wait()
	if waits, waited := counter("squall_pool_waits_total"), counter("squall_pool_wait_seconds_total"); waits < 2 || waited < 0.6 || waited > 3 {
		t.Errorf("three reports of 300 ms over one connection: %g waits of %g s together, want two of 0.9 s", waits, waited)
	}

	undo := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "hot-1"})
	if status := ask("GET", "/items/7", "no cache"); status != 200 {
		t.Errorf("without its cache a read is answered %d", status)
	}
	if failed := counter("squall_cache_errors_total"); failed < 1 {
		t.Error("a cache that is gone is not counted")
	}
	lift(t, undo)
	undo = s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "db-1"})
	if status := ask("POST", "/items/8", "lost"); status == 200 {
		t.Error("a write without a database is acknowledged")
	}
	lift(t, undo)
	n := 0
	for deadline := time.Now().Add(30 * time.Second); ask("POST", "/items/8", fmt.Sprint("again", n)) != 200; n++ {
		if time.Now().After(deadline) {
			t.Fatal("the service does not find back to its database")
		}
	}
	found, err := node.ReadBack(t.Context(), func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "db-1") }, db)
	if err != nil {
		t.Fatal(err)
	}
	if len(acknowledged) != 2 {
		t.Errorf("acknowledged: %v, want two", acknowledged)
	}
	for id := range acknowledged {
		if found[id[len("db/"):]] != 1 {
			t.Errorf("the acknowledged write %s is not there once: %v", id, found)
		}
	}
	ownSteps(t, s, client, hot)
}

// ownSteps are SQL and values of the scenario's own: on MariaDB and Redis they do what they do on what is built in.
func ownSteps(t *testing.T, s launched, client *http.Client, hot *scenarios.Node) {
	t.Helper()
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/stock/it's", 200, `[{"item":"it's","n":1,"price":2.50,"note":"{x}"}]`},
		{"GET", "/stock/screw", 404, ""},
		{"POST", "/stock/it's", 200, ""},
		{"POST", "/stock/it's", 409, ""},
		{"GET", "/stock/x'%20OR%20'1'='1", 404, ""},
		{"GET", "/sessions/eve", 401, ""},
		{"PUT", "/sessions/eve", 200, ""},
		{"GET", "/sessions/eve", 200, "of eve"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, "http://node"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it is read
		if err != nil || answer.StatusCode != c.status || c.body != "" && strings.TrimSpace(string(body)) != c.body {
			t.Errorf("%s %s: %d %s (%v), want %d %s", c.method, c.path, answer.StatusCode, body, err, c.status, c.body)
		}
	}
	dial := func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "hot-1") }
	for command, want := range map[string]string{"KEYS session:*": "session:eve", "GET session:eve": "of eve", "LRANGE orders 0 -1": ""} {
		ids, err := node.ReadCommand(t.Context(), dial, hot, strings.Fields(command))
		if err != nil || strings.Join(ids, " ") != want {
			t.Errorf("%s: %q, %v", command, ids, err)
		}
	}
	if ids, err := node.ReadCommand(t.Context(), dial, hot, []string{"LRANGE", "session:eve", "0", "-1"}); err == nil {
		t.Errorf("a list of what is none: %q", ids)
	}
}

// send makes one request and returns its status, 0 for none, and the writes that it names.
func send(t *testing.T, c *http.Client, method, path, id string) (status int, wrote []string) {
	request, err := http.NewRequestWithContext(t.Context(), method, "http://node"+path, nil)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	request.Header.Set(wire.HeaderRequest, id)
	answer, err := c.Do(request)
	if err != nil {
		return 0, nil
	}
	answer.Body.Close()
	return answer.StatusCode, answer.Header.Values(wire.HeaderWrote)
}

// A real RabbitMQ in a queue's place: what it has confirmed survives kill -9 and is read back, each message once; what could not be
// sent is acknowledged to nobody; and a pool of one channel is seen to be too small where the way to the broker is long.
func TestRealRabbitMQ(t *testing.T) {
	breadth.Today(t, 1, 4)
	inParallel(t)
	orders := &scenarios.Node{Name: "orders", Kind: scenarios.KindQueue, Image: debimage.Ensure(t.Context(), t, debimage.RabbitMQ), Part: "rabbitmq"}
	api := service("a", scenarios.Step{Write: "orders", Policy: scenarios.Policy{Timeout: 5 * time.Second}})
	api.Pool = 1
	s := launch(t, Options{}, load(planOf(orders, api), "users", "a"))
	client := s.client("users:a-1")
	acknowledged := map[string]bool{}
	publish := func(id string) bool {
		status, _, wrote := post(t, client, id)
		for _, w := range wrote {
			acknowledged[w] = true
		}
		return status == 200
	}
	for n := range 10 {
		if !publish(fmt.Sprint("before", n)) {
			t.Fatal("a message is not accepted without a fault")
		}
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpToxic, Edge: "a-1:orders-1", Toxic: &faults.Toxic{
		Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 200}}})
	var group sync.WaitGroup
	for n := range 3 {
		group.Go(func() { post(t, client, fmt.Sprint("slow", n)) })
	}
	group.Wait()
	lift(t, undo)
	seen, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if waited := seen.Nodes["a-1"].Counters["squall_pool_wait_seconds_total"]; waited < 0.5 {
		t.Errorf("three messages over one channel with 200 ms of latency waited %g s for it, want 0.6", waited)
	}

	undo = s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "orders-1"})
	if publish("lost") {
		t.Error("a message without a broker is acknowledged")
	}
	lift(t, undo)
	n := 0
	for deadline := time.Now().Add(time.Minute); !publish(fmt.Sprint("again", n)); n++ {
		if time.Now().After(deadline) {
			t.Fatal("the service does not find back to its broker")
		}
	}
	found, err := node.ReadBack(t.Context(), func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "orders-1") }, orders)
	if err != nil {
		t.Fatal(err)
	}
	if len(acknowledged) != 11 {
		t.Errorf("%d messages acknowledged, want 11: %v", len(acknowledged), acknowledged)
	}
	for id := range acknowledged {
		if found[id[len("orders/"):]] != 1 {
			t.Errorf("the acknowledged message %s is there %d times", id, found[id[len("orders/"):]])
		}
	}
}
