package node_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func queueNode(workers int) scenarios.Node {
	return scenarios.Node{
		Name: "q", Kind: scenarios.KindQueue, Workers: workers, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "sink", Method: "PUT", Path: "/charge"}},
	}
}

// post sends a message with a body.
func (w *world) post(id, body string) answer {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), "POST", "http://q:80/messages", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set(wire.HeaderRequest, "user-"+id)
	request.Header.Set(wire.HeaderWrite, id)
	response, err := w.client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	return answer{status: response.StatusCode, header: response.Header}
}

func (w *world) queued() (got broker.QueueWrites) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.ask("GET", "q:80/writes").body), &got); err != nil {
		w.t.Fatal(err)
	}
	return got
}

// Messages are delivered whole, in order of arrival, as many at once as there are workers.
func TestDeliveryInOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		var mu sync.Mutex
		var got []string
		began := time.Now()
		w.leaf("sink", func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			got = append(got, fmt.Sprintf("%s %s %s %s %s at %s", r.Method, r.URL.Path, body, r.Header.Get(wire.HeaderWrite), r.Header.Get(wire.HeaderRequest), time.Since(began)))
			mu.Unlock()
			time.Sleep(100 * ms)
		})
		w.start(queueNode(1), "sink")
		for _, id := range []string{"a", "b", "c"} {
			a := w.post(id, "body "+id)
			if a.status != 202 || a.header.Get(wire.HeaderWrote) != "q/"+id {
				t.Errorf("post %s: got %d, %v", id, a.status, a.header)
			}
		}
		time.Sleep(150 * ms)
		want := broker.QueueWrites{Writes: map[string]int{"a": 1, "b": 1, "c": 1}, Backlog: 2, Delivered: 1}
		if diff := cmp.Diff(want, w.queued()); diff != "" {
			t.Errorf("at 150 ms (-want +got):\n%s", diff)
		}
		w.counters("q", map[string]float64{"squall_backlog": 2, "squall_messages_total": 3})
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]string{
			"PUT /charge body a a user-a at 0s", "PUT /charge body b b user-b at 100ms", "PUT /charge body c c user-c at 200ms",
		}, got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		w.counters("q", map[string]float64{"squall_backlog": 0, "squall_delivered_total": 3, "squall_redelivered_total": 0})
	})
}

// A receiver that is down for 10 s: every message arrives after it, none is lost, retries back off.
func TestDeliveryAcrossAnOutage(t *testing.T) {
	inWorld(t, func(w *world) {
		var attempts, retried atomic.Int64
		began := time.Now()
		w.leaf("sink", func(rw http.ResponseWriter, r *http.Request) {
			attempts.Add(1)
			if r.Header.Get(wire.HeaderRetried) == "1" {
				retried.Add(1)
			}
			if time.Since(began) < 10*time.Second {
				rw.WriteHeader(503)
			}
		})
		n := queueNode(2)
		n.Retry = &scenarios.Retry{Backoff: 100 * ms, Most: 800 * ms}
		w.start(n, "sink")
		for n := range 20 {
			w.post(fmt.Sprint("m-", n), "")
		}
		time.Sleep(10*time.Second + 800*ms)
		if got := w.queued(); got.Backlog != 0 || got.Delivered != 20 || len(got.Writes) != 20 {
			t.Errorf("got %+v, want 20 delivered", got)
		}
		// Each of the two under way tries at 0, 0.1, 0.3, 0.7, 1.5, 2.3, ... 9.5 and 10.3 s: 16 attempts, the last good.
		if attempts.Load() != 2*16+18 || retried.Load() != 2*15 {
			t.Errorf("%d attempts, %d of them retries; want %d and %d", attempts.Load(), retried.Load(), 2*16+18, 2*15)
		}
		if diff := cmp.Diff(wire.CallCounters{Attempts: 50, Organic: 20, Retries: 30, Failures: 30}, w.stats("q").Calls["sink-1"]); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// A message that the receiver refuses is dead: it does not stop the others.
func TestRefusedMessageIsDead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("sink", func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.HeaderWrite) == "poison" {
				rw.WriteHeader(422)
			}
		})
		w.start(queueNode(1), "sink")
		w.post("poison", "")
		w.post("good", "")
		time.Sleep(ms)
		if diff := cmp.Diff(broker.QueueWrites{Writes: map[string]int{"good": 1, "poison": 1}, Delivered: 1}, w.queued()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w.counters("q", map[string]float64{"squall_dead_total": 1})
	})
}

// What was accepted and not delivered is delivered by the next start; what was delivered is not delivered again.
func TestQueueRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		var down atomic.Bool
		got := map[string]int{}
		var mu sync.Mutex
		w.leaf("sink", func(rw http.ResponseWriter, r *http.Request) {
			if down.Load() {
				rw.WriteHeader(500)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			got[r.Header.Get(wire.HeaderWrite)]++
		})
		stop := w.run(queueNode(0), "sink")
		w.post("before", "")
		time.Sleep(ms)
		down.Store(true)
		w.post("during", "")
		w.post("during too", "")
		time.Sleep(time.Second)
		stop()
		down.Store(false)
		w.start(queueNode(0), "sink")
		time.Sleep(ms)
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff(map[string]int{"before": 1, "during": 1, "during too": 1}, got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		if q := w.queued(); len(q.Writes) != 3 || q.Backlog != 0 {
			t.Errorf("read back: %+v", q)
		}
	})
}

// A service's write step to a queue: the write is named, the answer degraded where it is a fallback.
func TestServiceWritesToQueue(t *testing.T) {
	inWorld(t, func(w *world) {
		var arrived atomic.Value
		w.leaf("sink", func(_ http.ResponseWriter, r *http.Request) { arrived.Store(r.Header.Get(wire.HeaderRequest)) })
		w.start(queueNode(0), "sink")
		w.start(service("orders", "POST /orders/{id}",
			scenarios.Step{Write: "q"},
			scenarios.Step{Call: &scenarios.Call{Node: "gone", Method: "GET", Path: "/"}, Fallback: &scenarios.Fallback{Write: "q", Status: 202}},
		), "q=queue", "gone")
		got := w.ask("POST", "orders:80/orders/7", wire.HeaderRequest, "r")
		if got.status != 202 || got.header.Get(wire.HeaderWrote) != "q/r:orders:0,q/r:orders:1f" || got.header.Get(wire.HeaderDegraded) == "" {
			t.Errorf("got %s with %v", got, got.header)
		}
		time.Sleep(ms)
		if arrived.Load() != "r" {
			t.Errorf("delivered for request %v, want r", arrived.Load())
		}
		if diff := cmp.Diff(map[string]int{"r:orders:0": 1, "r:orders:1f": 1}, w.queued().Writes); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}
