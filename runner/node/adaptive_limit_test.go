package node_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// overload sends GETs of s at Poisson times for so long, each given up after a second, and returns the goodput a second and the
// latencies of what was answered well, in order.
func (w *world) overload(rate float64, lasting time.Duration) (goodput float64, took []time.Duration) {
	w.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	r := rand.New(rand.NewPCG(3, 3))
	for end := time.Now().Add(lasting); time.Now().Before(end); time.Sleep(time.Duration(r.ExpFloat64() / rate * float64(time.Second))) {
		all.Go(func() {
			got, err := w.try(w.t.Context(), "GET", "s:80/")
			if err == nil && got.status == 200 {
				mu.Lock()
				took = append(took, got.took)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return float64(len(took)) / lasting.Seconds(), took
}

func p99(took []time.Duration) time.Duration { return took[len(took)*99/100] }

// adaptiveService has W workers of 20 ms each, so 50 W a second.
func adaptiveService(workers int, shed *scenarios.Shed) scenarios.Node {
	n := service("s", "GET /", work(20*ms))
	n.Workers, n.Shed = workers, shed
	return n
}

// Point G9: at twice its capacity a service with an adaptive bound serves 90 % of it and more, and what it accepts waits for no more
// than the standing queue of beta = 6, and two more as the bound finds its way: S (W + 8) / W. The bound settles between W + alpha and W + beta, wherever it begins.
func TestVegasAtTwiceTheCapacity(t *testing.T) {
	for _, test := range []struct{ workers, start int }{{4, 0}, {8, 1}, {8, 60}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(adaptiveService(test.workers, &scenarios.Shed{Adaptive: "vegas", InFlight: test.start}))
				capacity := 50 * float64(test.workers)
				w.overload(2*capacity, 20*time.Second) // it settles
				goodput, took := w.overload(2*capacity, 20*time.Second)
				bound := time.Duration(float64(20*ms) * float64(test.workers+8) / float64(test.workers))
				limit := w.stats("s").Counters["squall_concurrency_limit"]
				t.Logf("goodput %.1f of %g, p99 %s (bound %s), limit %g", goodput, capacity, p99(took), bound, limit)
				if goodput < .9*capacity {
					t.Errorf("goodput %.1f/s of a capacity of %g/s", goodput, capacity)
				}
				if p99(took) > bound {
					t.Errorf("p99 of what was accepted is %s, want %s at most", p99(took), bound)
				}
				if limit < float64(test.workers)+2 || limit > float64(test.workers)+7 {
					t.Errorf("the bound is %g, want %d workers and 3 to 6", limit, test.workers)
				}
			})
		})
	}
}

// When work becomes five times slower, what a bound of 30 accepts takes five times as long; an adaptive one follows.
func TestVegasFollowsTheCapacity(t *testing.T) {
	for name, shed := range map[string]*scenarios.Shed{"fixed": {InFlight: 30}, "vegas": {Adaptive: "vegas", Anew: 10 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(adaptiveService(4, shed))
				w.overload(300, 20*time.Second)
				w.behave("s", `{"factor": 5}`) // 40 a second
				w.overload(300, 15*time.Second)
				goodput, took := w.overload(300, 20*time.Second)
				t.Logf("slow: goodput %.1f of 40, p99 %s, limit %g", goodput, p99(took), w.stats("s").Counters["squall_concurrency_limit"])
				slow := p99(took)
				if name == "fixed" {
					if slow < 700*ms {
						t.Errorf("fixed: p99 is %s, want 30/4 of 100ms", slow)
					}
					return
				}
				if slow > 300*ms || goodput < .85*40 {
					t.Errorf("slow: p99 %s and goodput %.1f, want 300ms at most and 34", slow, goodput)
				}
				w.behave("s", "")
				w.overload(300, 15*time.Second)
				goodput, took = w.overload(300, 20*time.Second)
				t.Logf("back: goodput %.1f of 200, p99 %s", goodput, p99(took))
				if goodput < 180 || p99(took) > 60*ms {
					t.Errorf("back: p99 %s and goodput %.1f, want 60ms and 180", p99(took), goodput)
				}
			})
		})
	}
}

// A gateway learns the bound of what is behind it, and refuses before anything else.
func TestVegasOfAGateway(t *testing.T) {
	inWorld(t, func(w *world) {
		back := service("back", "GET /", work(20*ms))
		back.Workers = 4
		w.start(back)
		w.start(scenarios.Node{Name: "s", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "back"}}}, Shed: &scenarios.Shed{Adaptive: "vegas", Most: 50}}, "back")
		w.overload(400, 20*time.Second)
		goodput, took := w.overload(400, 20*time.Second)
		if goodput < 180 || p99(took) > 62*ms {
			t.Errorf("goodput %.1f of 200, p99 %s of 60ms", goodput, p99(took))
		}
		if c := w.stats("s").Counters; c["squall_shed_total"] == 0 || c["squall_errors_total"] < c["squall_shed_total"] {
			t.Errorf("shed %g, errors %g", c["squall_shed_total"], c["squall_errors_total"])
		}
	})
}

// The bound of a service that is not used much stays where it is: that nobody waits says nothing about how many could.
func TestVegasDoesNotDriftWhenIdle(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(adaptiveService(8, &scenarios.Shed{Adaptive: "vegas"}))
		w.overload(50, 60*time.Second)
		if got := w.stats("s").Counters["squall_concurrency_limit"]; got != 20 {
			t.Errorf("the bound is %g, want 20 as in the beginning", got)
		}
	})
}

// BenchmarkVegas is what an adaptive bound costs a request, beside a number and nothing.
func BenchmarkVegas(b *testing.B) {
	for name, shed := range map[string]*scenarios.Shed{"none": nil, "fixed": {InFlight: 100}, "vegas": {Adaptive: "vegas"}} {
		b.Run(name, func(b *testing.B) {
			n := service("leaf", "GET /")
			n.Shed = shed
			leaf := start(b, node.TCP{}, node.Config{Node: n, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"})
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				get(b, client, leaf.Listen, n)
			}
		})
	}
}
