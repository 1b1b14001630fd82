package node_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// consumer is a sink that takes 10 ms for a message and was down (503) for the first so long; it returns
// when each message was taken.
func (w *world) consumer(down time.Duration) (taken func() map[string]time.Duration) {
	var mu sync.Mutex
	began, at := time.Now(), make(map[string]time.Duration)
	w.leaf("sink", func(rw http.ResponseWriter, r *http.Request) {
		if time.Since(began) < down {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body) //nolint:errcheck // what is missing is seen
		time.Sleep(10 * ms)
		mu.Lock()
		defer mu.Unlock()
		at[string(body)] = time.Since(began)
	})
	return func() map[string]time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
}

// A consumer of 100/s is down for D = 5 s while 80 messages a second arrive (rho = 0.8): the backlog is gone
// D*rho/(1-rho) = 20 s after it is back. Oldest first, what is sent x after that waits for the (80 D - 20 x)
// before it; newest first, what is new is there at once.
func TestDrainAfterOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const rate, down, x = 80, 5 * time.Second, 5 * time.Second
	for order, wait := range map[string]time.Duration{"oldest": 3 * time.Second, "newest": 0} {
		t.Run(order, func(t *testing.T) {
			inWorld(t, func(w *world) {
				taken := w.consumer(down)
				n := queueNode(1)
				n.Order = order
				n.Policy.Retry = &scenarios.Retry{Attempts: 1, Backoff: 10 * ms, Most: 10 * ms}
				w.start(n, "sink")
				const every, count = time.Second / rate, rate * 30
				drained := time.Duration(0)
				for m := range count {
					w.post(fmt.Sprint(m), fmt.Sprint(m))
					now := time.Duration(m) * every
					if now > 20*time.Second && drained == 0 && m%20 == 0 && w.stats("q").Counters["squall_backlog"] <= 2 {
						drained = now - down
					}
					time.Sleep(every)
				}
				time.Sleep(time.Second)
				if drained < 19500*ms || drained > 20500*ms {
					t.Errorf("drained %s after the outage, want 20s", drained)
				}
				got := taken()
				if len(got) != count {
					t.Errorf("%d messages taken, want %d", len(got), count)
				}
				sent := down + x
				if late := got[fmt.Sprint(int(sent/every))] - sent; late < wait || late > wait+50*ms {
					t.Errorf("what was sent %s after the outage was %s late, want %s", x, late, wait)
				}
			})
		})
	}
}

// A message that is never taken is tried as often as redeliver says and is a dead letter then; others go on.
// Without a bound it stands in everybody's way.
func TestPoisonMessage(t *testing.T) {
	for _, test := range []struct {
		redeliver                      int
		attempts, dead, backlog, taken float64
	}{{2, 3, 1, 0, 5}, {0, 100, 0, 6, 0}} {
		t.Run(fmt.Sprint(test.redeliver), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var mu sync.Mutex
				tries, taken := 0., 0.
				w.leaf("sink", func(rw http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body) //nolint:errcheck // what is missing is seen
					mu.Lock()
					defer mu.Unlock()
					if string(body) == "poison" {
						tries++
						rw.WriteHeader(500)
						return
					}
					taken++
				})
				n := queueNode(1)
				n.Redeliver = test.redeliver
				n.Policy.Retry = &scenarios.Retry{Attempts: 1, Backoff: 100 * ms, Most: 100 * ms}
				w.start(n, "sink")
				w.post("p", "poison")
				for m := range 5 {
					w.post(fmt.Sprint(m), "good")
				}
				time.Sleep(10*time.Second - ms)
				mu.Lock()
				defer mu.Unlock()
				if tries != test.attempts || taken != test.taken {
					t.Errorf("%g attempts at the poison, %g taken, want %g and %g", tries, taken, test.attempts, test.taken)
				}
				w.counters("q", map[string]float64{"squall_dead_total": test.dead, "squall_backlog": test.backlog})
			})
		})
	}
}

// Messages that have waited for longer than their ttl are given up when their turn comes.
func TestMessagesExpire(t *testing.T) {
	inWorld(t, func(w *world) {
		taken := w.consumer(time.Second)
		n := queueNode(1)
		n.TTL = 500 * ms
		n.Policy.Retry = &scenarios.Retry{Attempts: 1, Backoff: 10 * ms, Most: 10 * ms}
		w.start(n, "sink")
		for m := range 10 {
			w.post(fmt.Sprint(m), fmt.Sprint(m))
			time.Sleep(100*ms + ms)
		}
		time.Sleep(time.Second)
		w.counters("q", map[string]float64{"squall_expired_total": 5, "squall_delivered_total": 5, "squall_backlog": 0})
		if len(taken()) != 5 {
			t.Errorf("taken: %v, want the last five", taken())
		}
	})
}

// A retried write is there once where it is idempotent, and twice where it is not, in a database and in a queue.
func TestIdempotentWrites(t *testing.T) {
	for _, once := range []bool{false, true} {
		t.Run(fmt.Sprint(once), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Database: scenarios.Database{WriteTime: &scenarios.Work{Mean: 10 * ms}}})
				w.consumer(0)
				w.start(queueNode(1), "sink")
				w.start(service("s", "POST /", scenarios.Step{Write: "db", Idempotent: once}, scenarios.Step{Write: "q", Idempotent: once}), "db=database", "q=queue")
				var both sync.WaitGroup
				for range 2 { // at the same time, and the third later
					both.Go(func() { w.ask("POST", "s:80/", wire.HeaderRequest, "r") })
				}
				both.Wait()
				got := w.ask("POST", "s:80/", wire.HeaderRequest, "r")
				if want := "db/r:s:0,q/r:s:1"; got.status != 200 || got.header.Get(wire.HeaderWrote) != want {
					t.Errorf("got %s, wrote %q, want %q", got, got.header.Get(wire.HeaderWrote), want)
				}
				want, repeated := 3, 0.
				if once {
					want, repeated = 1, 2
				}
				if diff := cmp.Diff(map[string]int{"r:s:0": want}, w.writes("db")); diff != "" {
					t.Errorf("in the database (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(map[string]int{"r:s:1": want}, w.queued().Writes); diff != "" {
					t.Errorf("in the queue (-want +got):\n%s", diff)
				}
				w.counters("db", map[string]float64{"squall_repeated_writes_total": repeated})
				w.counters("q", map[string]float64{"squall_repeated_writes_total": repeated})
			})
		})
	}
}
