package node_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

const ms = time.Millisecond

// Situations of one call: what the caller answers, exactly when, and how it counts.
func TestCall(t *testing.T) {
	type row struct {
		name   string
		policy scenarios.Policy
		// answers are the callee's, by attempt: a status, or a time to answer 200 after. The last stays.
		statuses []int
		delays   []time.Duration
		status   int
		took     time.Duration
		calls    wire.CallCounters
	}
	retry := &scenarios.Retry{Attempts: 4, Backoff: 20 * ms, Most: 50 * ms}
	for _, r := range []row{
		{name: "success", statuses: []int{200}, status: 200, calls: wire.CallCounters{Attempts: 1, Organic: 1}},
		{name: "no policy: one attempt", statuses: []int{500}, status: 502, calls: wire.CallCounters{Attempts: 1, Organic: 1, Failures: 1}},
		{name: "no policy: no timeout", delays: []time.Duration{time.Hour}, status: 200, took: time.Hour, calls: wire.CallCounters{Attempts: 1, Organic: 1}},
		{name: "timeout", policy: scenarios.Policy{Timeout: 300 * ms}, delays: []time.Duration{time.Second}, status: 504, took: 300 * ms,
			calls: wire.CallCounters{Attempts: 1, Organic: 1, Failures: 1}},
		{name: "just in time", policy: scenarios.Policy{Timeout: 300 * ms}, delays: []time.Duration{299 * ms}, status: 200, took: 299 * ms,
			calls: wire.CallCounters{Attempts: 1, Organic: 1}},
		{name: "second attempt succeeds", policy: scenarios.Policy{Retry: retry}, statuses: []int{503, 200}, status: 200, took: 20 * ms,
			calls: wire.CallCounters{Attempts: 2, Organic: 1, Retries: 1, Failures: 1}},
		{name: "backoff doubles up to its most", policy: scenarios.Policy{Retry: retry}, statuses: []int{500}, status: 502, took: (20 + 40 + 50) * ms,
			calls: wire.CallCounters{Attempts: 4, Organic: 1, Retries: 3, Failures: 4}},
		{name: "each attempt has its own timeout", policy: scenarios.Policy{Timeout: 100 * ms, Retry: retry}, delays: []time.Duration{time.Second},
			status: 504, took: (4*100 + 20 + 40 + 50) * ms, calls: wire.CallCounters{Attempts: 4, Organic: 1, Retries: 3, Failures: 4}},
		{name: "429 is a failure but is not retried", policy: scenarios.Policy{Retry: retry}, statuses: []int{429, 200}, status: 502,
			calls: wire.CallCounters{Attempts: 1, Organic: 1, Failures: 1}},
		{name: "404 is not the callee's failure", policy: scenarios.Policy{Retry: retry}, statuses: []int{404}, status: 502,
			calls: wire.CallCounters{Attempts: 1, Organic: 1}},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var n atomic.Int64
				w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) {
					attempt := int(n.Add(1)) - 1
					if len(r.delays) > 0 {
						time.Sleep(r.delays[min(attempt, len(r.delays)-1)])
						return
					}
					rw.WriteHeader(r.statuses[min(attempt, len(r.statuses)-1)])
				})
				caller := service("caller", "GET /", calls("leaf"))
				caller.Policy = r.policy
				w.start(caller, "leaf")
				got := w.ask("GET", "caller:80/")
				if got.status != r.status || got.took != r.took {
					t.Errorf("got %s, want %d after %s", got, r.status, r.took)
				}
				if diff := cmp.Diff(r.calls, w.stats("caller").Calls["leaf-1"]); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestRefusedConnectionIsAFailedAttempt(t *testing.T) {
	inWorld(t, func(w *world) {
		caller := service("caller", "GET /", calls("leaf"))
		caller.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 2}}
		w.start(caller, "leaf")
		if got := w.ask("GET", "caller:80/"); got.status != 502 || got.took != 0 {
			t.Errorf("got %s, want 502 at once", got)
		}
		want := wire.CallCounters{Attempts: 2, Organic: 1, Retries: 1, Failures: 2}
		if diff := cmp.Diff(want, w.stats("caller").Calls["leaf-1"]); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// Retries multiply over layers; organic calls don't, so that attempts / organic is the amplification.
func TestRetriesMultiplyAndOrganicCallsDoNot(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
		middle := service("middle", "GET /", calls("leaf"))
		middle.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3}}
		top := service("top", "GET /", calls("middle"))
		top.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 4}}
		w.start(middle, "leaf")
		w.start(top, "middle")
		if got := w.ask("GET", "top:80/"); got.status != 502 {
			t.Errorf("got %s, want 502", got)
		}
		want := map[string]wire.CallCounters{"leaf-1": {Attempts: 12, Organic: 1, Retries: 8, Failures: 12}}
		if diff := cmp.Diff(want, w.stats("middle").Calls); diff != "" {
			t.Errorf("calls of middle (-want +got):\n%s", diff)
		}
		want = map[string]wire.CallCounters{"middle-1": {Attempts: 4, Organic: 1, Retries: 3, Failures: 4}}
		if diff := cmp.Diff(want, w.stats("top").Calls); diff != "" {
			t.Errorf("calls of top (-want +got):\n%s", diff)
		}
	})
}

// A budget of 10% that starts with 10 saved allows 10 + 100 * 10% retries in 100 calls that all fail.
func TestRetryBudget(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
		caller := service("caller", "GET /", calls("leaf"))
		caller.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3, Budget: new(0.1)}}
		w.start(caller, "leaf")
		for range 100 {
			w.ask("GET", "caller:80/")
		}
		// The first payment finds the bucket full, so 99 are saved: 10 + 9.9 retries.
		want := wire.CallCounters{Attempts: 119, Organic: 100, Retries: 19, Failures: 119}
		if diff := cmp.Diff(want, w.stats("caller").Calls["leaf-1"]); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestReplicasTakeTurns(t *testing.T) {
	inWorld(t, func(w *world) {
		caller := service("caller", "GET /", calls("leaf"))
		c := w.config(caller)
		for _, name := range []string{"leaf-1", "leaf-2", "leaf-3"} {
			w.leaf(name, func(http.ResponseWriter, *http.Request) {})
			c.Upstreams["leaf"] = append(c.Upstreams["leaf"], node.Upstream{Instance: name, Address: name + ":80", Kind: scenarios.KindService})
		}
		start(w.t, w.network, c)
		for range 30 {
			w.ask("GET", "caller:80/")
		}
		for name, calls := range w.stats("caller").Calls {
			if calls.Attempts != 10 {
				t.Errorf("%s got %d of 30 calls, want 10", name, calls.Attempts)
			}
		}
	})
}

// A dead upstream at 50 requests a second for 30 s gets the breaker's threshold and one probe each
// open period, not 1,500 calls. Once it is well, the next probe closes the breaker.
func TestCircuitBreaker(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(service("leaf", "GET /"))
		caller := service("caller", "GET /", calls("leaf"))
		caller.Policy = scenarios.Policy{Breaker: &scenarios.Breaker{Failures: 0.5, Of: 20, OpenFor: 2 * time.Second}}
		w.start(caller, "leaf")
		w.behave("leaf", `{"errors": 1, "status": 503}`)
		statuses := map[int]int{}
		for range 1500 {
			statuses[w.ask("GET", "caller:80/").status]++
			time.Sleep(20 * ms)
		}
		// It opens at 0.18 s with the 10th failure and probes every 2 s after that: at 2.18, 4.18, ... 28.18: 14 probes.
		if diff := cmp.Diff(map[int]int{502: 10 + 14, 503: 1476}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		w.counters("caller", map[string]float64{"squall_breaker_open_total": 15, "squall_breaker_rejected_total": 1476, "squall_breakers_open": 1})

		w.behave("leaf", "")
		// Now it is 30 s; the next probe is due at 30.18.
		time.Sleep(179 * ms)
		if got := w.ask("GET", "caller:80/"); got.status != 503 {
			t.Errorf("at 30.179 s: got %s, want 503", got)
		}
		time.Sleep(1 * ms)
		for range 3 {
			if got := w.ask("GET", "caller:80/"); got.status != 200 {
				t.Errorf("from 30.18 s on: got %s, want 200", got)
			}
		}
		w.counters("caller", map[string]float64{"squall_breakers_open": 0})
	})
}

// An attempt that began before the breaker opened, and times out while it probes, must not decide in the probe's place.
func TestLateFailureDoesNotDecideForTheProbe(t *testing.T) {
	inWorld(t, func(w *world) {
		var slow atomic.Bool
		slow.Store(true)
		w.leaf("leaf", func(rw http.ResponseWriter, r *http.Request) {
			switch {
			case slow.Load() && r.Header.Get(wire.HeaderRequest) == "late":
				time.Sleep(time.Minute)
			case slow.Load():
				rw.WriteHeader(500)
			default:
				time.Sleep(100 * ms)
			}
		})
		caller := service("caller", "GET /", calls("leaf"))
		caller.Policy = scenarios.Policy{Timeout: 1050 * ms, Breaker: &scenarios.Breaker{Failures: 1, Of: 1, OpenFor: time.Second}}
		w.start(caller, "leaf")
		late := make(chan answer)
		go func() { late <- w.ask("GET", "caller:80/", wire.HeaderRequest, "late") }()
		time.Sleep(1 * ms)
		w.ask("GET", "caller:80/") // fails at 1 ms: the breaker is open until 1.001 s
		slow.Store(false)
		time.Sleep(time.Second)
		// The probe takes from 1.001 to 1.101 s; the late one fails at 1.05.
		if got := w.ask("GET", "caller:80/"); got.status != 200 || got.took != 100*ms {
			t.Errorf("probe: got %s, want 200 after 100ms", got)
		}
		if got := <-late; got.status != 504 {
			t.Errorf("late: got %s, want 504", got)
		}
		w.counters("caller", map[string]float64{"squall_breaker_open_total": 1, "squall_breakers_open": 0})
	})
}

// A caller that leaves takes its calls with it, and that is nobody's failure.
func TestAbandonedCallIsNoFailure(t *testing.T) {
	inWorld(t, func(w *world) {
		gone := make(chan time.Time, 1)
		w.leaf("leaf", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			gone <- time.Now()
		})
		inner := service("inner", "GET /", calls("leaf"))
		inner.Policy = scenarios.Policy{Breaker: &scenarios.Breaker{Failures: 1, Of: 1, OpenFor: time.Hour}}
		outer := service("outer", "GET /", calls("inner"))
		outer.Policy = scenarios.Policy{Timeout: 70 * ms}
		w.start(inner, "leaf")
		w.start(outer, "inner")
		began := time.Now()
		if got := w.ask("GET", "outer:80/"); got.status != 504 || got.took != 70*ms {
			t.Errorf("got %s, want 504 after 70ms", got)
		}
		if at := (<-gone).Sub(began); at != 70*ms {
			t.Errorf("the leaf's caller left at %s, want 70ms", at)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff(wire.CallCounters{Attempts: 1, Organic: 1, GaveUp: 1}, w.stats("inner").Calls["leaf-1"]); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		w.counters("inner", map[string]float64{"squall_breaker_open_total": 0, "squall_in_flight": 0})
	})
}

// The node's own breaker for a callee is shared by its steps; a step's override is its own.
func TestBreakersAreSharedByCallee(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
		breaker := func() *scenarios.Breaker { return &scenarios.Breaker{Failures: 1, Of: 1, OpenFor: time.Hour} }
		own := calls("leaf")
		own.Breaker = breaker()
		n := service("s", "GET /a", calls("leaf"))
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "GET /b", Steps: []scenarios.Step{calls("leaf")}}, &scenarios.Endpoint{Match: "GET /own", Steps: []scenarios.Step{own}})
		n.Breaker = breaker()
		w.start(n, "leaf")
		for _, r := range []struct {
			path   string
			status int
		}{{"/a", 502}, {"/a", 503}, {"/b", 503}, {"/own", 502}, {"/own", 503}} {
			if got := w.ask("GET", "s:80"+r.path); got.status != r.status {
				t.Errorf("%s: got %s, want %d", r.path, got, r.status)
			}
		}
	})
}
