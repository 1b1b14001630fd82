package node_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node"
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

// A consumer of 100/s is down for D = 10 s while 80 messages a second arrive (rho = 0.8): the backlog is gone
// D*rho/(1-rho) = 40 s after it is back. Oldest first, everything is late until then; newest first, what
// is new is there at once.
func TestDrainAfterOutage(t *testing.T) {
	for _, order := range []string{"", "newest"} {
		t.Run("order "+order, func(t *testing.T) {
			inWorld(t, func(w *world) {
				taken := w.consumer(10 * time.Second)
				n := queueNode(1)
				n.Order = order
				n.Policy.Retry = &scenarios.Retry{Attempts: 1, Backoff: 10 * ms, Most: 10 * ms}
				w.start(n, "sink")
				const every = time.Second / 80
				drained := time.Duration(0)
				for m := 0; m < 80*60; m++ {
					w.post(fmt.Sprint(m), fmt.Sprint(m))
					if now := time.Duration(m) * every; now > 11*time.Second && drained == 0 && m%8 == 0 && w.stats("q").Counters["squall_backlog"] <= 2 {
						drained = now - 10*time.Second
					}
					time.Sleep(every)
				}
				time.Sleep(time.Second)
				if drained < 39*time.Second || drained > 41*time.Second {
					t.Errorf("drained %s after the outage, want 40s", drained)
				}
				got := taken()
				if len(got) != 80*60 {
					t.Errorf("%d messages taken, want all", len(got))
				}
				late := got["1600"] - 1600*every // sent 10 s after the outage's end
				if order == "" && (late < 7*time.Second || late > 8*time.Second) {
					// 800 waited at the outage's end, 200 were worked off since: 600 are before it, 10 ms each, and what they let in.
					late = got["1600"] - 1600*every
					if late < 5900*ms || late > 6200*ms {
						t.Errorf("message 1600 was %s late, want 6s", late)
					}
				}
				if order == "newest" && late > 50*ms {
					t.Errorf("message 1600 was %s late, want it next", late)
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
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, WriteTime: &scenarios.Work{Mean: 10 * ms}})
				w.consumer(0)
				w.start(queueNode(1), "sink")
				w.start(service("s", "POST /", scenarios.Step{Write: "db", Idempotent: once}, scenarios.Step{Write: "q", Idempotent: once}), "db=database", "q=queue")
				var both sync.WaitGroup
				for range 2 { // at the same time, and the third later
					both.Go(func() { w.ask("POST", "s:80/", node.HeaderRequest, "r") })
				}
				both.Wait()
				got := w.ask("POST", "s:80/", node.HeaderRequest, "r")
				if want := "db/r:s:0,q/r:s:1"; got.status != 200 || got.header.Get(node.HeaderWrote) != want {
					t.Errorf("got %s, wrote %q, want %q", got, got.header.Get(node.HeaderWrote), want)
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
