package node_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// configure gives a node another configuration, and returns the status that says whether it took it.
func configure(t testing.TB, client *http.Client, admin string, n scenarios.Node) int {
	t.Helper()
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest("PUT", "http://"+admin+"/configure", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func (w *world) configure(n scenarios.Node) {
	w.t.Helper()
	if got := configure(w.t, w.client, n.Name+":81", n); got != http.StatusNoContent {
		w.t.Fatalf("configure %s answered %d", n.Name, got)
	}
}

func routes(to ...string) scenarios.Node {
	n := scenarios.Node{Name: "api", Kind: scenarios.KindGateway}
	for i, name := range to {
		n.Routes = append(n.Routes, scenarios.Route{Match: []string{"/catalog/*", "/*"}[i], To: name, Timeout: time.Minute})
	}
	return n
}

// One service is split into two behind the gateway while 1000 requests a second come: no request fails, each is answered once,
// and everything that began after the change is answered by the new ones.
func TestAServiceIsSplitUnderLoad(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, name := range []string{"monolith", "catalog", "orders"} {
			w.start(service(name, "GET /{rest...}", work(7*ms)))
		}
		w.start(routes("monolith", "monolith"), "monolith", "catalog", "orders")
		var failed, old atomic.Int64
		var asking sync.WaitGroup
		const requests = 2000
		began := time.Now()
		var changed atomic.Int64 // the µs after began; 0: not yet
		for n := range requests {
			path := []string{"catalog/1", "orders/1"}[n%2]
			asking.Go(func() {
				asked := time.Now()
				a, err := w.try(w.t.Context(), "GET", "api:80/"+path, wire.HeaderRequest, fmt.Sprint("r-", n))
				if err != nil || a.status != 200 {
					failed.Add(1)
				}
				if at := changed.Load(); at > 0 && asked.Sub(began).Microseconds() > at && bytes.Contains([]byte(a.body), []byte("monolith")) {
					old.Add(1)
				}
			})
			time.Sleep(ms)
			if n == requests/2 {
				w.configure(routes("catalog", "orders"))
				changed.Store(time.Since(began).Microseconds())
			}
		}
		asking.Wait()
		if failed.Load() > 0 || old.Load() > 0 {
			t.Errorf("%d requests failed, %d went the old way after the change", failed.Load(), old.Load())
		}
		calls := w.stats("api").Calls
		if got := calls["monolith-1"].Attempts + calls["catalog-1"].Attempts + calls["orders-1"].Attempts; got != requests {
			t.Errorf("%d calls, want %d: the counts of both configurations", got, requests)
		}
		if got := calls["catalog-1"].Attempts; got < requests/4-10 || got > requests/4+10 {
			t.Errorf("the new service was called %d times, want a quarter of %d", got, requests)
		}
		w.counters("api", map[string]float64{"squall_configured_total": 1, "squall_requests_total": requests, "squall_in_flight": 0})
		if took := time.Since(began); took > 2100*ms {
			t.Errorf("it took %s", took)
		}
	})
}

// The same over sockets, to and fro, with as many clients as hold connections open.
func TestAGatewayChangesOverSockets(t *testing.T) {
	listen := func(n scenarios.Node, upstreams map[string][]node.Upstream) wire.Addresses {
		return start(t, node.TCP{}, node.Config{Node: n, Instance: n.Name + "-1", Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir(), Upstreams: upstreams})
	}
	upstreams := map[string][]node.Upstream{}
	for _, name := range []string{"old", "new"} {
		upstreams[name] = upstream(name, scenarios.KindService, listen(service(name, "GET /{rest...}", work(ms)), nil).Listen)
	}
	api := listen(routes("old"), upstreams)
	client := newClient(t)
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 10
	stop := make(chan struct{})
	var asking sync.WaitGroup
	var answered, failed atomic.Int64
	for range 8 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				response, err := client.Get("http://" + api.Listen + "/catalog/1")
				if err != nil {
					failed.Add(1)
					t.Log(err)
					continue
				}
				response.Body.Close()
				if response.StatusCode != 200 {
					failed.Add(1)
					t.Log(response.Status)
				}
				answered.Add(1)
			}
		})
	}
	for n := range 50 {
		if got := configure(t, client, api.Admin, routes([]string{"new", "old"}[n%2])); got != http.StatusNoContent {
			t.Fatalf("configure answered %d", got)
		}
		time.Sleep(2 * ms)
	}
	close(stop)
	asking.Wait()
	if failed.Load() > 0 || answered.Load() < 50 {
		t.Errorf("%d of %d requests failed", failed.Load(), answered.Load())
	}
}

// A configuration that can't be taken up leaves everything as it was.
func TestAConfigurationThatIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(service("old", "GET /{rest...}"))
		w.start(routes("old"), "old")
		if got := configure(t, w.client, "api:81", routes("nobody")); got != http.StatusUnprocessableEntity {
			t.Errorf("a route to nobody answered %d", got)
		}
		other := routes("old")
		other.Kind = scenarios.KindCDN
		if got := configure(t, w.client, "api:81", other); got != http.StatusUnprocessableEntity {
			t.Errorf("another kind answered %d", got)
		}
		if got := w.ask("GET", "api:80/catalog/1"); got.status != 200 {
			t.Errorf("afterwards: %s", got)
		}
		w.counters("api", map[string]float64{"squall_configured_total": 0})
	})
}

// Workers are the instance's: with 2 instead of 1 the line is worked off twice as fast, and those who wait keep
// their places; with 1 again the rest end what they have.
func TestWorkersChange(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /{name}", work(100*ms))
		n.Workers = 1
		w.start(n)
		var mu sync.Mutex
		var ended []string
		began := time.Now()
		var asking sync.WaitGroup
		for i := range 7 {
			asking.Go(func() {
				if a := w.ask("GET", fmt.Sprintf("s:80/%d", i)); a.status != 200 {
					t.Error(a)
				}
				mu.Lock()
				ended = append(ended, fmt.Sprint(i, "@", time.Since(began).Milliseconds()))
				mu.Unlock()
			})
			time.Sleep(ms)
		}
		time.Sleep(time.Until(began.Add(150 * ms))) // 0 is done, 1 at work, the others wait
		n.Workers = 2
		w.configure(n) // 2 begins at 150 and ends at 250; 1 ends at 200, 3 at 300
		time.Sleep(time.Until(began.Add(260 * ms)))
		n.Workers = 1
		w.configure(n) // 4 began at 250 and ends at 350; 3 ends at 300 and gives nobody its place
		asking.Wait()
		if got, want := fmt.Sprint(ended), "[0@100 1@200 2@250 3@300 4@350 5@450 6@550]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.counters("s", map[string]float64{"squall_workers_busy": 0, "squall_queue_depth": 0})
	})
}

// A line that becomes shorter sheds those that have no place in it.
func TestALineBecomesShorter(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /{name}", work(100*ms))
		n.Workers = 1
		w.start(n)
		var shed, ok atomic.Int64
		var asking sync.WaitGroup
		for i := range 6 {
			asking.Go(func() {
				switch a := w.ask("GET", fmt.Sprintf("s:80/%d", i)); a.status {
				case 200:
					ok.Add(1)
				case 503:
					shed.Add(1)
				}
			})
			time.Sleep(ms)
		}
		n.Queue = new(2)
		w.configure(n)
		asking.Wait()
		if ok.Load() != 3 || shed.Load() != 3 {
			t.Errorf("%d answered and %d shed, want 3 and 3: one at work, two in line", ok.Load(), shed.Load())
		}
	})
}

// What is kept stays kept: a cdn's copies, and a read's cache where it stays as it was.
func TestCopiesOutliveAChange(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(service("origin", "GET /{rest...}"))
		edge := scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "origin", Cache: []scenarios.CacheRule{{Match: "GET /*", TTL: time.Hour}}}}
		w.start(edge, "origin")
		w.ask("GET", "edge:80/a")
		edge.Cache = append([]scenarios.CacheRule{{Match: "GET /never/*", TTL: ms}}, edge.Cache...)
		w.configure(edge)
		if got := w.ask("GET", "edge:80/a").header.Get(wire.HeaderCache); got != "hit" {
			t.Errorf("after a change of the rules: %q, want a hit", got)
		}
		w.asks("edge", `[{"flush": "hard"}]`)
		if got := w.ask("GET", "edge:80/a").header.Get(wire.HeaderCache); got != "miss" {
			t.Errorf("after a flush: %q, want a miss", got)
		}

		w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
		s := service("s", "GET /{key}", scenarios.Step{Read: "db", Cache: &scenarios.ReadCache{TTL: time.Hour}})
		w.start(s, "db=database")
		w.ask("GET", "s:80/a")
		s.Timeout = time.Second
		w.configure(s)
		w.ask("GET", "s:80/a")
		w.counters("s", map[string]float64{"squall_cache_hits_total": 1, "squall_cache_entries": 1})
		s.Endpoints[0].Steps[0].Cache = &scenarios.ReadCache{TTL: time.Minute}
		w.configure(s)
		w.counters("s", map[string]float64{"squall_cache_entries": 0})
		w.ask("GET", "s:80/a")
		w.counters("s", map[string]float64{"squall_cache_hits_total": 1, "squall_cache_misses_total": 2, "squall_cache_entries": 1})
		w.counters("db", map[string]float64{"squall_reads_total": 2})
	})
}

// An open breaker goes with the configuration that it belongs to, and no gauge remembers it.
func TestBreakersBeginAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		var broken atomic.Bool
		broken.Store(true)
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) {
			if broken.Load() {
				rw.WriteHeader(500)
			}
		})
		n := service("s", "GET /", calls("leaf"))
		n.Breaker = &scenarios.Breaker{Failures: 1, Of: 1, OpenFor: time.Hour}
		w.start(n, "leaf")
		w.ask("GET", "s:80/")
		broken.Store(false)
		w.counters("s", map[string]float64{"squall_breakers_open": 1})
		n.Breaker.OpenFor = time.Minute
		w.configure(n)
		w.counters("s", map[string]float64{"squall_breakers_open": 0})
		if got := w.ask("GET", "s:80/"); got.status != 200 {
			t.Errorf("with a new breaker: %s", got)
		}
	})
}

// A database takes another password for new connections, and another limit; open connections and rows stay.
func TestADatabaseChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		db := scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, DSN: "a:one@d"}
		w.start(db)
		s := func(name string) scenarios.Node {
			return service(name, "GET /{key}", scenarios.Step{Write: "db"})
		}
		as := func(n scenarios.Node, dsn string) {
			c := w.config(n, "db=database")
			c.Upstreams["db"][0].DSN = dsn
			start(w.t, w.network, c)
		}
		as(s("before"), "a:one@d")
		as(s("after"), "a:one@d")
		if got := w.ask("GET", "before:80/k"); got.status != 200 {
			t.Fatal(got)
		}
		db.DSN = "a:two@d"
		db.WriteTime = &scenarios.Work{Mean: 50 * ms}
		w.configure(db)
		if got := w.ask("GET", "before:80/l"); got.status != 200 || got.took < 50*ms {
			t.Errorf("on an open connection: %s, want 200 after 50ms", got)
		}
		if got := w.ask("GET", "after:80/m"); got.status < 500 {
			t.Errorf("with the old password on a new connection: %s", got)
		}
		if got := w.stats("db").Counters["squall_writes_total"]; got != 2 {
			t.Errorf("%v writes, want 2", got)
		}
	})
}

// A queue's next attempts go where its new configuration says, those of messages that it has already too.
func TestAQueueChangesItsReceiver(t *testing.T) {
	inWorld(t, func(w *world) {
		var got atomic.Int64
		w.leaf("bad", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) })
		w.leaf("good", func(http.ResponseWriter, *http.Request) { got.Add(1) })
		q := scenarios.Node{Name: "q", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "bad", Method: "POST", Path: "/"}}}
		w.start(q, "bad", "good")
		for range 3 {
			w.ask("POST", "q:80/messages")
		}
		time.Sleep(time.Second)
		w.counters("q", map[string]float64{"squall_backlog": 3})
		q.To = &scenarios.Call{Node: "good", Method: "POST", Path: "/"}
		w.configure(q)
		time.Sleep(5 * time.Second)
		w.counters("q", map[string]float64{"squall_backlog": 0, "squall_delivered_total": 3})
		if got.Load() != 3 {
			t.Errorf("the new receiver got %d messages, want 3", got.Load())
		}
	})
}

// BenchmarkConfigure is what one change of a gateway of three routes costs, from its JSON on.
func BenchmarkConfigure(b *testing.B) {
	leaf := start(b, node.TCP{}, node.Config{Node: service("leaf", "GET /"), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir()})
	n := scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/a/*", To: "leaf"}, {Match: "/b/*", To: "leaf"}, {Match: "/*", To: "leaf"}}}}
	api := start(b, node.TCP{}, node.Config{
		Node: n, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir(),
		Upstreams: map[string][]node.Upstream{"leaf": upstream("leaf", scenarios.KindService, leaf.Listen)},
	})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		if got := configure(b, client, api.Admin, n); got != http.StatusNoContent {
			b.Fatal(got)
		}
	}
}
