package node_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// outboxService writes a row with its event; once: both carry a key.
func outboxService(once bool) scenarios.Node {
	return service("s", "POST /orders/{id}", scenarios.Step{Write: "db", Idempotent: once, Outbox: scenarios.Outbox{Outbox: "q"}})
}

// order is a queue's receiver that notes in which order events come.
func (w *world) order() (taken func() []string) {
	var mu sync.Mutex
	var ids []string
	w.leaf("sink", func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get(wire.HeaderWrite))
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(ids)
	}
}

func (w *world) outbox(name string) map[string]int {
	w.t.Helper()
	got, err := node.ReadOutbox(w.t.Context(), func(ctx context.Context) (net.Conn, error) {
		return w.network.DialContext(ctx, "tcp", name+":80")
	}, &scenarios.Node{})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// Every row's event is published once, in the order of the rows, at once; the row says in its id where it goes.
func TestOutboxPublishesInOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		w.start(queueNode(1), "sink")
		w.start(outboxService(false), "db=database", "q=queue")
		time.Sleep(200 * ms) // until it has the lease
		var want []string
		for n := range 30 {
			got := w.ask("POST", "s:80/orders/x", wire.HeaderRequest, fmt.Sprint("r-", n))
			id := fmt.Sprintf("r-%d:s:0@q", n)
			if got.status != 200 || got.header.Get(wire.HeaderWrote) != "db/"+id {
				t.Fatalf("got %s, wrote %q", got, got.header.Get(wire.HeaderWrote))
			}
			want = append(want, id)
			time.Sleep(ms)
		}
		time.Sleep(10 * ms)
		if diff := cmp.Diff(want, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if left := w.outbox("db"); len(left) != 0 {
			t.Errorf("left in the outbox: %v", left)
		}
		w.counters("s", map[string]float64{"squall_published_total": 30, "squall_republished_total": 0, "squall_outbox_backlog": 0})
	})
}

// A queue that is away for 20 s holds up events and nobody else; when it is back all are published, in order.
func TestOutboxWaitsForItsQueue(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		stop := w.run(queueNode(1), "sink")
		w.start(outboxService(false), "db=database", "q=queue")
		var want []string
		ask := func(n int) {
			if got := w.ask("POST", "s:80/orders/x", wire.HeaderRequest, fmt.Sprint("r-", n)); got.status != 200 || got.took > 10*ms {
				t.Errorf("order %d: %s", n, got)
			}
			want = append(want, fmt.Sprintf("r-%d:s:0@q", n))
		}
		ask(0)
		time.Sleep(time.Second)
		stop()
		for n := 1; n <= 200; n++ {
			ask(n)
			time.Sleep(100 * ms)
		}
		if pending := w.outbox("db"); len(pending) != 200 {
			t.Errorf("%d events in the outbox while the queue was away, want 200", len(pending))
		}
		w.run(queueNode(1), "sink")
		time.Sleep(5 * time.Second)
		if diff := cmp.Diff(want, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if left := w.outbox("db"); len(left) != 0 {
			t.Errorf("left in the outbox: %v", left)
		}
	})
}

// Of two instances one publishes. When it is gone, the other goes on once the lease is over.
func TestOutboxHasOnePublisher(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		w.start(queueNode(1), "sink")
		stop := w.run(outboxService(false), "db=database", "q=queue")
		time.Sleep(time.Second)
		second := w.config(outboxService(false), "db=database", "q=queue")
		second.Instance, second.Listen, second.Admin = "s-2", "s-other:80", "s-other:81"
		start(w.t, w.network, second)
		ask := func(of string, n int) {
			if got := w.ask("POST", of+":80/orders/x", wire.HeaderRequest, fmt.Sprint("r-", n)); got.status != 200 {
				t.Errorf("order %d: %s", n, got)
			}
			time.Sleep(200 * ms)
		}
		ask("s", 1)
		ask("s-other", 2)
		w.counters("s", map[string]float64{"squall_published_total": 2})
		stop()
		ask("s-other", 3)
		if got := len(taken()); got != 2 {
			t.Errorf("%d events taken while the lease lasts, want 2", got)
		}
		time.Sleep(6 * time.Second)
		want := []string{"r-1:s:0@q", "r-2:s:0@q", "r-3:s:0@q"}
		if diff := cmp.Diff(want, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// A service that is configured anew while it runs goes on publishing, to where it is told now.
func TestOutboxOfServiceThatChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		w.start(queueNode(1), "sink")
		w.start(outboxService(false), "db=database", "q=queue")
		changed := outboxService(false)
		changed.Workers = 3
		for n := range 4 {
			if n == 2 {
				w.configure(changed)
			}
			w.ask("POST", "s:80/orders/x", wire.HeaderRequest, fmt.Sprint("r-", n))
			time.Sleep(300 * ms)
		}
		want := []string{"r-0:s:0@q", "r-1:s:0@q", "r-2:s:0@q", "r-3:s:0@q"}
		if diff := cmp.Diff(want, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// A retried idempotent write has one row and one event.
func TestOutboxOfIdempotentWrites(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		w.start(queueNode(1), "sink")
		w.start(outboxService(true), "db=database", "q=queue")
		for range 3 {
			w.ask("POST", "s:80/orders/x", wire.HeaderRequest, "r")
			time.Sleep(100 * ms)
		}
		if diff := cmp.Diff([]string{"r:s:0@q"}, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]int{"r:s:0@q": 1}, w.writes("db")); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

// A stream keeps the events of a key in the order of its rows, as of messages that are written to it: of the key that the
// step says, or of what the request is about. It does so while it is away and comes back, and the service is killed.
func TestOutboxKeepsTheOrderOfAKey(t *testing.T) {
	for _, test := range []struct{ name, key, path string }{
		{"the step's", "{shop}", "shelf/%[2]d/%[1]s"}, {"the request's", "", "%[1]s/%[2]d"},
	} {
		for _, once := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, " once ", once), func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.start(database("db"))
					taken := w.takes("a", 3*ms, nil)
					stop := w.run(streamNode(4, "a"), "a")
					path := map[bool]string{true: "/{id}/{n}", false: "/{kind}/{n}/{shop}"}[test.key == ""]
					s := service("s", "POST "+path, scenarios.Step{Write: "db", Key: test.key, Idempotent: once, Outbox: scenarios.Outbox{Outbox: "q"}})
					end := w.run(s, "db=database", "q=stream")
					want := map[string][]string{}
					for n := range 120 {
						switch n {
						case 30:
							stop()
						case 60: // nobody publishes until the next start has the lease
							end()
							w.start(s, "db=database", "q=stream")
						case 90:
							w.start(streamNode(4, "a"), "a")
						}
						key, request := fmt.Sprint("k", n%7), fmt.Sprint("r-", n)
						if got := w.ask("POST", "s:80/"+fmt.Sprintf(test.path, key, n), wire.HeaderRequest, request); got.status != 200 {
							t.Fatalf("order %d: %s", n, got)
						}
						want[key] = append(want[key], request+":s:0@q")
						time.Sleep(20 * ms)
					}
					time.Sleep(time.Minute)
					for key, ids := range want {
						if diff := cmp.Diff(ids, slices.Compact(taken.of(key))); diff != "" {
							t.Errorf("events of %s (-want +got):\n%s", key, diff)
						}
					}
				})
			})
		}
	}
}

// A dual write's message has the id of its row.
func TestDualWriteNamesItsRow(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		taken := w.order()
		w.start(queueNode(1), "sink")
		w.start(service("s", "POST /", scenarios.Step{Write: "db"}, scenarios.Step{Work: &scenarios.Work{Mean: 5 * ms}},
			scenarios.Step{Write: "q", Outbox: scenarios.Outbox{EventOf: "db"}}), "db=database", "q=queue")
		got := w.ask("POST", "s:80/", wire.HeaderRequest, "r")
		if want := "db/r:s:0@q,q/r:s:0@q"; got.header.Get(wire.HeaderWrote) != want {
			t.Errorf("wrote %q, want %q", got.header.Get(wire.HeaderWrote), want)
		}
		time.Sleep(10 * ms)
		if diff := cmp.Diff([]string{"r:s:0@q"}, taken()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// The outbox works the same on a real PostgreSQL: ids, keys and order.
func TestRealPostgresHasAnOutbox(t *testing.T) {
	address := startPostgres(t)
	const dsn = "shop:unused@postgres"
	var mu sync.Mutex
	var taken []string
	queue, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if len(taken) == 10 && !strings.HasPrefix(taken[9], "again ") { // the queue fails once
			taken[9] = "again " + taken[9]
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		taken = append(taken, r.Header.Get(wire.HeaderWrite)+" of "+r.Header.Get(wire.HeaderMessageKey))
		rw.WriteHeader(http.StatusAccepted)
	})}
	go server.Serve(queue) //nolint:errcheck // it ends when it is closed
	t.Cleanup(func() { server.Close() })
	var instances []string
	for n := range 2 {
		instances = append(instances, start(t, node.TCP{}, node.Config{
			Instance: fmt.Sprint("s-", n+1), Node: outboxService(n == 1), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
			Upstreams: map[string][]node.Upstream{
				"db": {{Instance: "db-1", Address: address, Kind: scenarios.KindDatabase, DSN: dsn}},
				"q":  {{Instance: "q-1", Address: queue.Addr().String(), Kind: scenarios.KindQueue}},
			},
		}).Listen)
	}
	w := &world{t: t, client: newClient(t)}
	var want []string
	for n := range 40 {
		got, err := w.try(t.Context(), "POST", instances[n%2]+"/orders/"+fmt.Sprint(n), wire.HeaderRequest, fmt.Sprint("r-", n))
		if err != nil || got.status != 200 {
			t.Fatalf("order %d: %s, %v", n, got, err)
		}
		want = append(want, fmt.Sprintf("r-%d:s:0@q of %d", n, n))
	}
	want[9] = "again " + want[9]
	deadline := time.Now().Add(30 * time.Second)
	for {
		mu.Lock()
		got := slices.Clone(taken)
		mu.Unlock()
		if len(got) >= len(want) || time.Now().After(deadline) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			break
		}
		time.Sleep(20 * ms)
	}
	dial := func(ctx context.Context) (net.Conn, error) { return node.TCP{}.DialContext(ctx, "tcp", address) }
	for {
		left, err := node.ReadOutbox(t.Context(), dial, &scenarios.Node{DSN: dsn})
		if err == nil && len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left in the outbox: %v, %v", left, err)
		}
		time.Sleep(20 * ms)
	}
}
