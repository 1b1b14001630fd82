package node_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func TestStepsInOrderAndAtOnce(t *testing.T) {
	for _, r := range []struct {
		name  string
		steps []scenarios.Step
		took  time.Duration
	}{
		{"nothing", nil, 0},
		{"one after another", []scenarios.Step{work(10 * ms), work(20 * ms)}, 30 * ms},
		{"at once", []scenarios.Step{{Parallel: []scenarios.Step{work(10 * ms), work(20 * ms)}}, work(5 * ms)}, 25 * ms},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(service("s", "GET /", r.steps...))
				if got := w.ask("GET", "s:80/"); got.status != 200 || got.took != r.took {
					t.Errorf("got %s, want 200 after %s", got, r.took)
				}
			})
		})
	}
}

// One of two calls at once fails: the other is not waited for, and not counted as a failure.
func TestParallelFailure(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		w.leaf("broken", func(rw http.ResponseWriter, _ *http.Request) {
			time.Sleep(30 * ms)
			rw.WriteHeader(500)
		})
		w.start(service("s", "GET /", scenarios.Step{Parallel: []scenarios.Step{calls("slow"), calls("broken")}}), "slow", "broken")
		if got := w.ask("GET", "s:80/"); got.status != 502 || got.took != 30*ms {
			t.Errorf("got %s, want 502 after 30ms", got)
		}
		want := map[string]wire.CallCounters{"slow-1": {Attempts: 1, Organic: 1, GaveUp: 1}, "broken-1": {Attempts: 1, Organic: 1, Failures: 1}}
		if diff := cmp.Diff(want, w.stats("s").Calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// Two workers and a queue of three: of ten requests at once two are worked on, three wait their turn, five are shed at once.
func TestWorkersAndQueue(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /", work(100*ms))
		n.Workers, n.Queue = 2, new(3)
		w.start(n)
		got := make(map[string]int)
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				a := w.ask("GET", "s:80/")
				mu.Lock()
				defer mu.Unlock()
				got[fmt.Sprintf("%d after %s", a.status, a.took)]++
			})
		}
		time.Sleep(50 * ms)
		w.counters("s", map[string]float64{"squall_in_flight": 5, "squall_workers_busy": 2, "squall_queue_depth": 3, "squall_shed_total": 5})
		all.Wait()
		want := map[string]int{"200 after 100ms": 2, "200 after 200ms": 2, "200 after 300ms": 1, "503 after 0s": 5}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		w.counters("s", map[string]float64{
			"squall_in_flight": 0, "squall_workers_busy": 0, "squall_queue_depth": 0,
			"squall_work_seconds_total": 0.5, "squall_queue_seconds_total": 0.4, "squall_requests_total": 10,
		})
	})
}

// A slow dependency takes the workers of every endpoint.
func TestWorkersAreHeldDuringCalls(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("slow", func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })
		n := service("s", "GET /slow", calls("slow"))
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "GET /quick"})
		n.Workers = 1
		w.start(n, "slow")
		var slow sync.WaitGroup
		slow.Go(func() { w.ask("GET", "s:80/slow") })
		time.Sleep(ms)
		if got := w.ask("GET", "s:80/quick"); got.took != 999*ms {
			t.Errorf("got %s, want 200 after 999ms", got)
		}
		slow.Wait()
	})
}

// Work goes on when nobody waits for it any more.
func TestWorkIsWastedWhenTheCallerLeaves(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /", work(time.Second), calls("leaf"))
		n.Workers = 1
		w.leaf("leaf", func(http.ResponseWriter, *http.Request) { t.Error("a step after the caller left") })
		w.start(n, "leaf")
		w.start(scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "s", Timeout: 100 * ms}}}}, "s")
		w.ask("GET", "api:80/")
		w.counters("s", map[string]float64{"squall_workers_busy": 1})
		time.Sleep(899 * ms)
		w.counters("s", map[string]float64{"squall_workers_busy": 1})
		time.Sleep(2 * ms)
		w.counters("s", map[string]float64{"squall_workers_busy": 0, "squall_work_seconds_total": 1})
	})
}

func TestFallbacks(t *testing.T) {
	charge := func(f *scenarios.Fallback) scenarios.Step {
		s := calls("payments")
		s.Fallback = f
		return s
	}
	for _, r := range []struct {
		name     string
		fallback *scenarios.Fallback
		status   int
		degraded string
		wrote    string
	}{
		{"none", nil, 502, "", ""},
		{"a status", &scenarios.Fallback{Status: 202}, 202, "call payments GET /: answered 500", ""},
		{"a write", &scenarios.Fallback{Write: "db"}, 200, "call payments GET /: answered 500", "db/r:orders:0f"},
		{"a call", &scenarios.Fallback{Call: &scenarios.Call{Node: "other", Method: "GET", Path: "/"}}, 200, "half; call payments GET /: answered 500", "elsewhere/1"},
		{"one that fails", &scenarios.Fallback{Call: &scenarios.Call{Node: "payments", Method: "GET", Path: "/"}}, 502, "", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.leaf("payments", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
				w.leaf("other", func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set(wire.HeaderDegraded, "half")
					rw.Header().Set(wire.HeaderWrote, "elsewhere/1")
				})
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
				w.start(service("orders", "GET /", charge(r.fallback), work(ms)), "payments", "other", "db=database")
				got := w.ask("GET", "orders:80/", wire.HeaderRequest, "r")
				if got.status != r.status || got.header.Get(wire.HeaderDegraded) != r.degraded || got.header.Get(wire.HeaderWrote) != r.wrote {
					t.Errorf("got %s with %v, want %+v", got, got.header, r)
				}
			})
		})
	}
}

// A retried request that wrote twice shows: both writes are there under one id.
func TestRetriedWriteShowsAsDuplicate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("payments", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
		w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
		orders := service("orders", "POST /orders/{id}", scenarios.Step{Write: "db"}, calls("payments"))
		w.start(orders, "db=database", "payments")
		api := scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "orders"}}}}
		api.Retry = &scenarios.Retry{Attempts: 2}
		w.start(api, "orders")
		got := w.ask("POST", "api:80/orders/7", wire.HeaderRequest, "r")
		if got.status != 502 || got.header.Get(wire.HeaderWrote) != "db/r:orders:0" {
			t.Errorf("got %s with %v", got, got.header)
		}
		if diff := cmp.Diff(map[string]int{"r:orders:0": 2}, w.writes("db")); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}

// Two calls of one request to the same endpoint are two writes with two ids, not one write twice.
func TestTwoCallsOfOneRequestWriteUnderTwoIDs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
		w.start(service("stock", "GET /", scenarios.Step{Write: "db"}), "db=database")
		w.start(service("orders", "GET /", calls("stock"), calls("stock")), "stock")
		w.ask("GET", "orders:80/", wire.HeaderRequest, "r")
		writes := w.writes("db")
		if len(writes) != 2 {
			t.Errorf("writes: %v, want two ids", writes)
		}
	})
}

func TestBehaviour(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(service("s", "GET /", work(100*ms)))
		for _, r := range []struct {
			behaviour string
			status    int
			took      time.Duration
		}{
			{`{"slow": 250000000}`, 200, 350 * ms},
			{`{"factor": 3}`, 200, 300 * ms},
			{`{"errors": 1, "status": 503, "slow": 250000000}`, 503, 0},
			{`{"errors": 1}`, 500, 0},
			{"", 200, 100 * ms},
		} {
			w.behave("s", r.behaviour)
			if got := w.ask("GET", "s:80/"); got.status != r.status || got.took != r.took {
				t.Errorf("%s: got %s, want %d after %s", r.behaviour, got, r.status, r.took)
			}
		}
	})
}

// 20% errors of 2,000 requests: within 4 standard deviations (18) of 400, and the same ones for the same seed.
func TestErrorShare(t *testing.T) {
	failures := func() (failed []int) {
		inWorld(t, func(w *world) {
			w.start(service("s", "GET /"))
			w.behave("s", `{"errors": 0.2}`)
			for n := range 2000 {
				if w.ask("GET", "s:80/", wire.HeaderRequest, fmt.Sprint("r-", n)).status == 500 {
					failed = append(failed, n)
				}
			}
		})
		return failed
	}
	once := failures()
	if n := float64(len(once)); math.Abs(n-400) > 4*math.Sqrt(2000*0.2*0.8) {
		t.Errorf("%g of 2000 failed, want 400", n)
	}
	if diff := cmp.Diff(once, failures()); diff != "" {
		t.Errorf("the same seed failed others (-first +second):\n%s", diff)
	}
}

// One worker, exponential service of 10 ms, Poisson arrivals at half its capacity: the mean time in
// the service is 1/(mu - lambda) = 20 ms, and by Little's law lambda * W = 1 is in flight on average. The standard
// deviation of the mean of n times is sqrt(29/n) service times (M/M/1 at rho = 0.5, dependence included).
func TestMM1(t *testing.T) {
	inWorld(t, func(w *world) {
		const n, lambda, mean = 20000, 50.0, 10 * ms
		one := service("s", "GET /", scenarios.Step{Work: &scenarios.Work{Mean: mean, Shape: "exponential"}})
		one.Workers = 1
		w.start(one)
		arrivals := rand.New(rand.NewPCG(7, 7))
		var mu sync.Mutex
		var total time.Duration
		var all sync.WaitGroup
		for i := range n {
			time.Sleep(time.Duration(arrivals.ExpFloat64() / lambda * float64(time.Second)))
			all.Go(func() {
				a := w.ask("GET", "s:80/", wire.HeaderRequest, fmt.Sprint("r-", i))
				mu.Lock()
				defer mu.Unlock()
				total += a.took
			})
		}
		all.Wait()
		got := float64(total) / n / float64(mean)
		if deviation := math.Sqrt(29.0 / n); math.Abs(got-2) > 4*deviation {
			t.Errorf("mean time in the service: %.3f service times, want 2 within %.3f", got, 4*deviation)
		}
		t.Logf("mean time in the service: %.3f service times (theory 2)", got)
		if busy := w.stats("s").Counters["squall_work_seconds_total"] / n / mean.Seconds(); math.Abs(busy-1) > 4/math.Sqrt(n) {
			t.Errorf("mean work: %.4f of its mean, want 1", busy)
		}
	})
}

func TestShutdownFinishesWhatItHas(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run(service("s", "GET /", work(3*time.Second)))
		result := make(chan answer)
		go func() { result <- w.ask("GET", "s:80/") }()
		time.Sleep(time.Second)
		began := time.Now()
		go stop()
		time.Sleep(ms)
		if health, err := w.try(w.t.Context(), "GET", "s:81/health"); err == nil && health.status != 503 {
			t.Errorf("health while draining: %s", health)
		}
		if got := <-result; got.status != 200 || got.took != 3*time.Second {
			t.Errorf("got %s, want 200 after 3s", got)
		}
		stop()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %s to end", took)
		}
	})
}

// What does not end within the grace of 5 s is cut off, and its goroutines end.
func TestShutdownCutsOff(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run(service("s", "GET /", work(time.Hour)))
		result := make(chan error)
		go func() {
			_, err := w.try(w.t.Context(), "GET", "s:80/")
			result <- err
		}()
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %s to end, want 5s", took)
		}
		if err := <-result; err == nil {
			t.Error("want the connection cut")
		}
	})
}

func TestBadEndpointsAreErrors(t *testing.T) {
	for name, n := range map[string]scenarios.Node{
		"no upstream":  service("s", "GET /", calls("nobody")),
		"bad pattern":  service("s", "GET {", work(ms)),
		"empty step":   service("s", "GET /", scenarios.Step{}),
		"unknown role": {Name: "s", Kind: scenarios.KindImage},
		"no origin":    {Name: "s", Kind: scenarios.KindCDN},
		"no route":     {Name: "s", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/", To: "nobody"}}}},
		"no receiver":  {Name: "s", Kind: scenarios.KindStream, Stream: scenarios.Stream{Subscribers: []*scenarios.Subscriber{{Name: "nobody"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if err := node.Serve(w.t.Context(), w.config(n), node.Environment{Network: w.network}, nil); err == nil {
					t.Error("want an error")
				} else {
					t.Log(err)
				}
			})
		})
	}
}
