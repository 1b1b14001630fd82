package node_test

import (
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// checking starts a caller of n replicas of leaf, all served by h, that checks them.
func (w *world) checking(n int, rule *scenarios.HealthCheck, h http.HandlerFunc) {
	w.t.Helper()
	caller := service("caller", "GET /", calls("leaf"))
	caller.HealthCheck = rule
	c := w.config(caller)
	for k := range n {
		name := fmt.Sprint("leaf-", k+1)
		w.leaf(name, h)
		c.Upstreams["leaf"] = append(c.Upstreams["leaf"], node.Upstream{Instance: name, Address: name + ":80", Kind: scenarios.KindService})
	}
	start(w.t, w.network, c)
}

// meantime is when the replicas became so many ill ones, in the mean, looked at every 10 ms.
func (w *world) meantime(n int, want float64) time.Duration {
	w.t.Helper()
	const look = 10 * ms
	was := w.stats("caller").Counters["squall_unhealthy"]
	total := 0.0
	for passed := time.Duration(0); ; passed += look {
		now := w.stats("caller").Counters["squall_unhealthy"]
		total += math.Abs(now-was) * float64(passed-look/2)
		if was = now; now == want {
			return time.Duration(total / float64(n))
		}
		if passed > time.Minute {
			w.t.Fatalf("%g of %d are ill, want %g", now, n, want)
		}
		time.Sleep(look)
	}
}

// A replica that begins to hang is out after (k - 1/2) i + T in the mean, one that fails at once after (k - 1/2) i, and either is back
// (p - 1/2) i after it is well: 2.8, 2.5 and 1.5 s for checks every second, three failures, two passes and a timeout of
// 0.3 s. Over 100 replicas, which are checked at moments of their own, within four standard errors (0.12 s).
func TestHealthCheckDetects(t *testing.T) {
	const replicas = 100
	for name, r := range map[string]struct {
		ill  http.HandlerFunc
		path string
		out  time.Duration
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", 2800 * ms},
		"fails": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }, "/ready", 2500 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var bad atomic.Bool
				w.checking(replicas, &scenarios.HealthCheck{Every: time.Second, Timeout: 300 * ms, Path: r.path, Most: 1}, func(rw http.ResponseWriter, request *http.Request) {
					if bad.Load() {
						r.ill(rw, request)
					}
				})
				time.Sleep(10 * time.Second)
				w.counters("caller", map[string]float64{"squall_health_checks_total": 10 * replicas, "squall_health_check_failures_total": 0, "squall_unhealthy": 0})
				bad.Store(true)
				if got := w.meantime(replicas, replicas); (got - r.out).Abs() > 120*ms {
					t.Errorf("out after %s in the mean, want %s", got, r.out)
				}
				bad.Store(false)
				if got, want := w.meantime(replicas, 0), 1500*ms; (got - want).Abs() > 120*ms {
					t.Errorf("back after %s in the mean, want %s", got, want)
				}
			})
		})
	}
}

// What a caller does when all its replicas fail a deep check: with a panic threshold it calls them, without one nobody. A shallow
// check takes any answer for one.
func TestHealthCheckOfWhatAllShare(t *testing.T) {
	for name, r := range map[string]struct {
		rule   scenarios.HealthCheck
		ill    float64
		status int
	}{
		"deep, panic threshold": {scenarios.HealthCheck{Path: "/deep"}, 4, 200},
		"deep, none":            {scenarios.HealthCheck{Path: "/deep", Most: 1}, 4, 503},
		"shallow":               {scenarios.HealthCheck{Most: 1}, 0, 200},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				r.rule.Every = time.Second
				var checks atomic.Int64
				w.checking(4, &r.rule, func(rw http.ResponseWriter, request *http.Request) {
					if request.Header.Get(wire.HeaderAttempt) == "" { // not a call
						checks.Add(1)
						rw.WriteHeader(503)
					}
				})
				time.Sleep(10 * time.Second)
				if got := w.ask("GET", "caller:80/"); got.status != r.status {
					t.Errorf("got %s, want %d", got, r.status)
				}
				if checks.Load() != 40 {
					t.Errorf("%d checks in 10 s, want 40", checks.Load())
				}
				w.counters("caller", map[string]float64{"squall_unhealthy": r.ill})
			})
		})
	}
}

// Checks change with the node's configuration: those that there were end, and what they had found is forgotten.
func TestHealthChecksChange(t *testing.T) {
	inWorld(t, func(w *world) {
		var checks atomic.Int64
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) {
			checks.Add(1)
			rw.WriteHeader(500)
		})
		caller := service("caller", "GET /", calls("leaf"))
		caller.HealthCheck = &scenarios.HealthCheck{Every: time.Second, Path: "/ready"}
		w.start(caller, "leaf")
		for _, r := range []struct {
			every  time.Duration
			checks int64 // in 10 s
			ill    float64
		}{{time.Second, 10, 1}, {0, 0, 0}, {500 * ms, 20, 1}} {
			caller.HealthCheck = nil
			if r.every > 0 {
				caller.HealthCheck = &scenarios.HealthCheck{Every: r.every, Path: "/ready"}
			}
			w.configure(caller)
			before := checks.Load()
			time.Sleep(10 * time.Second)
			if got := checks.Load() - before; got != r.checks {
				t.Errorf("every %s: %d checks in 10 s, want %d", r.every, got, r.checks)
			}
			w.counters("caller", map[string]float64{"squall_unhealthy": r.ill})
		}
	})
}
