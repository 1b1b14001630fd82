package node_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// streamNode delivers to POST /KEY of each subscriber.
func streamNode(partitions int, subscribers ...string) scenarios.Node {
	n := scenarios.Node{Name: "q", Kind: scenarios.KindStream, Stream: scenarios.Stream{Partitions: partitions}}
	for _, name := range subscribers {
		n.Subscribers = append(n.Subscribers, &scenarios.Subscriber{Name: name, To: &scenarios.Call{Node: name, Method: "POST", Path: "/{key}"}})
	}
	return n
}

// publish sends a message about a key.
func (w *world) publish(id, key string) answer {
	w.t.Helper()
	return w.ask("POST", "q:80/messages", wire.HeaderRequest, "user-"+id, wire.HeaderWrite, id, wire.HeaderMessageKey, url.PathEscape(key))
}

// taker is a subscriber's receiver that notes what it takes.
type taker struct {
	mu    sync.Mutex
	taken []string // KEY ID, in order
	at    map[string]time.Duration
	began time.Time
	fails func(key, id string) int // the status to answer with; 0: it takes it
	takes time.Duration
}

// takes starts a taker at NAME:80.
func (w *world) takes(name string, takes time.Duration, fails func(key, id string) int) *taker {
	r := &taker{at: map[string]time.Duration{}, began: time.Now(), fails: fails, takes: takes}
	w.leaf(name, func(rw http.ResponseWriter, q *http.Request) {
		key, id := q.URL.Path[1:], q.Header.Get(wire.HeaderWrite)
		if fails != nil {
			if status := fails(key, id); status != 0 {
				rw.WriteHeader(status)
				return
			}
		}
		time.Sleep(takes)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.taken = append(r.taken, key+" "+id)
		r.at[id] = time.Since(r.began)
	})
	return r
}

func (r *taker) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// of is what was taken of one key, in order.
func (r *taker) of(key string) (ids []string) {
	for _, one := range r.all() {
		if k, id, _ := strings.Cut(one, " "); k == key {
			ids = append(ids, id)
		}
	}
	return ids
}

// Every subscriber gets every message, those of a key in the order in which they came, whatever fails on the way.
func TestStreamKeepsTheOrderOfAKey(t *testing.T) {
	inWorld(t, func(w *world) {
		var mu sync.Mutex
		tries := map[string]int{}
		flaky := w.takes("a", 3*ms, func(_, id string) int { // every third first attempt fails
			mu.Lock()
			defer mu.Unlock()
			if tries[id]++; tries[id] == 1 && len(tries)%3 == 0 {
				return 503
			}
			return 0
		})
		quick := w.takes("b", 0, nil)
		w.start(streamNode(4, "a", "b"), "a", "b")
		want := map[string][]string{}
		for m := range 200 {
			key := fmt.Sprintf("k/%d", m%7)
			id := fmt.Sprint("m", m)
			if got := w.publish(id, key); got.status != 202 || got.header.Get(wire.HeaderWrote) != "q/"+id {
				t.Fatalf("got %s, %v", got, got.header)
			}
			want[key] = append(want[key], id)
		}
		time.Sleep(time.Minute)
		for name, r := range map[string]*taker{"a": flaky, "b": quick} {
			if n := len(r.all()); n != 200 {
				t.Errorf("%s took %d messages, want 200", name, n)
			}
			for key, ids := range want {
				if diff := cmp.Diff(ids, r.of(key)); diff != "" {
					t.Errorf("%s took of %s (-want +got):\n%s", name, key, diff)
				}
			}
		}
		w.counters("q", map[string]float64{
			"squall_messages_total": 200, "squall_delivered_total": 400, "squall_backlog": 0, `squall_lag_messages{subscriber="a"}`: 0,
			`squall_subscriber_delivered_total{subscriber="a"}`: 200, `squall_subscriber_redelivered_total{subscriber="b"}`: 0,
		})
	})
}

// A subscriber is down for 10 s: the other one notices nothing, and its own lag is counted, in messages and in time.
func TestStreamSubscribersAreApart(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		down := w.takes("down", 0, func(_, _ string) int {
			if time.Since(began) < 10*time.Second {
				return 503
			}
			return 0
		})
		well := w.takes("well", 0, nil)
		n := streamNode(2, "down", "well")
		n.Subscribers[0].Retry = &scenarios.Retry{Attempts: 1, Backoff: 100 * ms, Most: 100 * ms}
		w.start(n, "down", "well")
		for m := range 50 {
			w.publish(fmt.Sprint(m), fmt.Sprint(m))
			time.Sleep(100 * ms)
		}
		if got := len(well.all()); got != 50 {
			t.Errorf("well took %d of 50", got)
		}
		w.counters("q", map[string]float64{
			`squall_lag_messages{subscriber="down"}`: 50, `squall_lag_messages{subscriber="well"}`: 0,
			`squall_lag_seconds{subscriber="down"}`: 5, `squall_lag_seconds{subscriber="well"}`: 0, "squall_backlog": 50,
		})
		time.Sleep(5*time.Second + 200*ms)
		if got := len(down.all()); got != 50 {
			t.Errorf("down took %d of 50 when it was back", got)
		}
		w.counters("q", map[string]float64{`squall_lag_messages{subscriber="down"}`: 0, "squall_backlog": 0})
	})
}

// Positions are durable: the next start goes on where this one was, for each subscriber.
func TestStreamRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		down := true
		a := w.takes("a", 0, nil)
		b := w.takes("b", 0, func(_, _ string) int {
			if down {
				return 500
			}
			return 0
		})
		stop := w.run(streamNode(3, "a", "b"), "a", "b")
		for m := range 10 {
			w.publish(fmt.Sprint(m), fmt.Sprint(m%4))
		}
		time.Sleep(time.Second)
		stop()
		down = false
		w.start(streamNode(3, "a", "b"), "a", "b")
		w.publish("last", "3")
		time.Sleep(time.Second)
		if a, b := len(a.all()), len(b.all()); a != 11 || b != 11 {
			t.Errorf("a took %d and b %d messages, want 11 each", a, b)
		}
		if diff := cmp.Diff([]string{"3", "7", "last"}, b.of("3")); diff != "" {
			t.Errorf("b took of 3 (-want +got):\n%s", diff)
		}
		if got := w.queued(); len(got.Writes) != 11 || got.Backlog != 0 {
			t.Errorf("read back: %+v", got)
		}
	})
}

// A message that its subscriber never takes stops its partition, and none of the others. Given up after some attempts it
// is a dead letter, and its partition goes on.
func TestStreamPoison(t *testing.T) {
	for _, test := range []struct {
		redeliver       int
		dead, of0, lags float64
	}{{0, 0, 0, 11}, {2, 1, 10, 0}} {
		t.Run(fmt.Sprint(test.redeliver), func(t *testing.T) {
			inWorld(t, func(w *world) {
				a := w.takes("a", 0, func(_, id string) int {
					if id == "poison" {
						return 500
					}
					return 0
				})
				n, keys := streamNode(8, "a"), keysOfPartitions(w, 8)
				n.Subscribers[0].Redeliver = test.redeliver
				w.start(n, "a")
				w.publish("poison", keys[0])
				for m := range 10 {
					w.publish(fmt.Sprint("p", m), keys[0])
					w.publish(fmt.Sprint("q", m), keys[1])
				}
				time.Sleep(10 * time.Second)
				if got := len(a.of(keys[1])); got != 10 {
					t.Errorf("%d taken of the other partition, want 10", got)
				}
				if got := len(a.of(keys[0])); float64(got) != test.of0 {
					t.Errorf("%d taken behind the poison, want %g", got, test.of0)
				}
				w.counters("q", map[string]float64{
					"squall_dead_total": test.dead, `squall_lag_messages{subscriber="a"}`: test.lags, `squall_subscriber_dead_total{subscriber="a"}`: test.dead,
				})
			})
		})
	}
}

// A partition is served by one: its throughput is 1/s for a service time s, n partitions have n times that, and a hot
// key has one's. A subscriber of 100/s for each partition is down for D = 5 s; rho = 0.8 in every partition: the backlog is
// gone D*rho/(1-rho) = 20 s after its return.
func TestStreamDrainsByPartition(t *testing.T) {
	for _, partitions := range []int{1, 2} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			inWorld(t, func(w *world) {
				const down = 5 * time.Second
				began := time.Now()
				w.takes("a", 10*ms, func(_, _ string) int {
					if time.Since(began) < down {
						return 503
					}
					return 0
				})
				n := streamNode(partitions, "a")
				n.Retry = &scenarios.Retry{Attempts: 1, Backoff: 10 * ms, Most: 10 * ms}
				w.start(n, "a")
				keys := keysOfPartitions(w, partitions)
				drained := time.Duration(0)
				every := time.Second / 80
				for m := range 80 * 30 {
					for p, key := range keys {
						w.publish(fmt.Sprintf("%d-%d", p, m), key)
					}
					now := time.Duration(m) * every
					if now > 20*time.Second && drained == 0 && m%20 == 0 && w.stats("q").Counters["squall_backlog"] <= 2*float64(partitions) {
						drained = now - down
					}
					time.Sleep(every)
				}
				if drained < 19500*ms || drained > 20500*ms {
					t.Errorf("drained %s after the outage, want 20s", drained)
				}
			})
		})
	}
}

// keysOfPartitions is a key for each partition.
func keysOfPartitions(w *world, partitions int) []string {
	w.t.Helper()
	keys := make([]string, partitions)
	for n := range 100 {
		key := fmt.Sprint("key", n)
		keys[broker.PartitionOf(key, partitions)] = key
	}
	if slices.Contains(keys, "") {
		w.t.Fatalf("some partition has no key: %q", keys)
	}
	return keys
}

// A queue and a stream that hold as many messages as they may refuse the next, and say when to come again; what they
// hold is delivered, and makes room.
func TestMessagesAreBounded(t *testing.T) {
	for _, n := range []scenarios.Node{queueNode(1), streamNode(2, "sink")} {
		t.Run(string(n.Kind), func(t *testing.T) {
			inWorld(t, func(w *world) {
				began := time.Now()
				w.leaf("sink", func(rw http.ResponseWriter, _ *http.Request) {
					if time.Since(began) < time.Second {
						rw.WriteHeader(503)
					}
				})
				n.Most = 5
				w.start(n, "sink")
				var refused sync.WaitGroup
				var mu sync.Mutex
				got := map[int]int{}
				for m := range 20 { // at once
					refused.Go(func() {
						a := w.publish(fmt.Sprint(m), fmt.Sprint(m))
						mu.Lock()
						defer mu.Unlock()
						got[a.status]++
						if a.status == 503 && a.header.Get("Retry-After") != "1" {
							t.Errorf("refused without saying when to come again: %v", a.header)
						}
					})
				}
				refused.Wait()
				if diff := cmp.Diff(map[int]int{202: 5, 503: 15}, got); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				time.Sleep(5 * time.Second)
				if a := w.publish("later", "x"); a.status != 202 {
					t.Errorf("with room again: %s", a)
				}
				w.counters("q", map[string]float64{"squall_queue_full_total": 15, "squall_messages_total": 6})
			})
		})
	}
}

// A queue's message is delivered with its key and id in the path; keys are escaped.
func TestQueueDeliversByKey(t *testing.T) {
	inWorld(t, func(w *world) {
		var mu sync.Mutex
		var got []string
		w.leaf("sink", func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, r.URL.EscapedPath())
		})
		n := queueNode(1)
		n.To.Path = "/of/{key}/{id}"
		w.start(n, "sink")
		w.start(service("s", "POST /{id}", scenarios.Step{Write: "q"}), "q=queue")
		w.ask("POST", "s:80/a%2Fb%20c", wire.HeaderRequest, "r")
		w.publish("no-key", "")
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]string{"/of/a%2Fb%20c/r:s:0", "/of/no-key/no-key"}, got); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
	})
}
