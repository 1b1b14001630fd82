package node_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/scenarios"
)

// poisson sends GETs to the edge, one after the other, at Poisson times of the rate and for as long as told; path is
// asked for each one's path ("" for none).
func (w *world) poisson(r *rand.Rand, rate float64, lasting time.Duration, path func() string, seen func(answer)) {
	w.t.Helper()
	for end := time.Now().Add(lasting); ; {
		time.Sleep(time.Duration(r.ExpFloat64() / rate * float64(time.Second)))
		if !time.Now().Before(end) {
			return
		}
		if p := path(); p != "" {
			seen(w.ask("GET", "edge:80"+p))
		}
	}
}

// Under Poisson arrivals the hit ratio of a key is lam*T / (1 + lam*T), and the origin is asked lam / (1 + lam*T) times a
// second: the renewal argument (a cycle is one miss, T of hits, and the wait for the next arrival).
func TestHitRatioUnderPoissonArrivals(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	for _, lamT := range []float64{1, 10, 100} {
		t.Run(fmt.Sprint(lamT), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.leaf("origin", func(http.ResponseWriter, *http.Request) {})
				w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Second}), "origin")
				w.poisson(rand.New(rand.NewPCG(1, 2)), lamT, time.Duration(10000/lamT*float64(time.Second)), func() string { return "/" }, func(answer) {})
				c := w.stats("edge").Counters
				hits := c["squall_cache_hits_total"]
				got, want := hits/(hits+c["squall_cache_misses_total"]), lamT/(1+lamT)
				if math.Abs(got-want) > .01 {
					t.Errorf("hit ratio %.4f, want %.4f within 1 percentage point", got, want)
				}
			})
		})
	}
}

// While the origin is down for D, what is answered without stale-if-error is h*T/(2D): a copy is fresh with probability h
// and then for a time uniform in (0, T). lam 1/s, T 10 s, D 30 s: 15.2 %. With stale-if-error (RFC 5861) it is everything.
func TestOutageWithoutStaleIfError(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const keys, T, D = 400, 10.0, 30.0
	for stale, want := range map[time.Duration]float64{0: T / (1 + T) * T / (2 * D), time.Hour: 1} {
		t.Run(stale.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var down atomic.Bool
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					if down.Load() {
						rw.WriteHeader(503)
					}
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: T * time.Second, StaleIfError: stale}), "origin")
				r := rand.New(rand.NewPCG(3, 4))
				began := time.Now()
				path := func() string { // keys begin spread over a cycle of T + 1/lam, so that their ages are too
					key := r.IntN(keys)
					if time.Since(began).Seconds() < float64(key)/keys*(T+1) {
						return ""
					}
					return fmt.Sprintf("/%d", key)
				}
				w.poisson(r, keys, 40*time.Second, path, func(answer) {})
				down.Store(true)
				sent, ok := 0., 0.
				w.poisson(r, keys, D*time.Second, path, func(a answer) {
					sent++
					if a.status == 200 {
						ok++
					}
				})
				if got := ok / sent; math.Abs(got-want) > .01 {
					t.Errorf("answered %.4f of %g, want %.4f within 1 percentage point", got, sent, want)
				}
			})
		})
	}
}

// A purge of everything multiplies the origin's load by 1/(1-h) for as long as keys are asked for the first time: of N keys at
// lam each, N*(1-exp(-lam*d)) are within d, where before it were N*lam*d*(1-h). At h = 0.9 and small d that is ten times as many.
func TestFlushMultipliesTheOriginsLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const keys, T, d = 500, 9.0, .2 // lam = 1/s, h = 0.9
	inWorld(t, func(w *world) {
		w.leaf("origin", func(http.ResponseWriter, *http.Request) {})
		w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: T * time.Second}), "origin")
		r := rand.New(rand.NewPCG(5, 6))
		began := time.Now()
		path := func() string {
			key := r.IntN(keys)
			if time.Since(began).Seconds() < float64(key)/keys*(T+1) {
				return ""
			}
			return fmt.Sprintf("/%d", key)
		}
		asked := func() float64 { return w.stats("edge").Counters["squall_cache_misses_total"] }
		w.poisson(r, keys, 20*time.Second, path, func(answer) {})
		before := asked()
		w.poisson(r, keys, 20*time.Second, path, func(answer) {})
		steady := (asked() - before) / 20
		if want := float64(keys) / (1 + T); math.Abs(steady-want) > .05*want {
			t.Errorf("steady: the origin is asked %.1f times a second, want %.1f", steady, want)
		}
		burst := 0.
		for range 100 {
			w.asks("edge", `[{"flush": "hard"}]`)
			w.asks("edge", `[{"flush": "hard"}, {"promote": true}]`) // told again: not done again
			before = asked()
			w.poisson(r, keys, time.Duration(d*float64(time.Second)), path, func(answer) {})
			burst += (asked() - before) / 100
			w.asks("edge", `[]`)
			w.poisson(r, keys, time.Second, path, func(answer) {})
		}
		want := keys * (1 - math.Exp(-d))
		if math.Abs(burst-want) > .05*want {
			t.Errorf("the origin is asked %.1f times in the first %g s, want %.1f", burst, d, want)
		}
		t.Logf("%.2f times the load at first, 1/(1-h) = %.2f", burst/d/steady*d/(1-math.Exp(-d)), 1+T)
	})
}

// After a soft flush stale copies are served while they are refreshed, or where the origin fails, for as long as after an expiry; after a hard one none are.
func TestSoftFlush(t *testing.T) {
	for how, want := range map[string][3]string{"soft": {"stale 200", "stale 200", "miss 503"}, "hard": {"miss 503", "miss 503", "miss 503"}} {
		inWorld(t, func(w *world) {
			var down atomic.Bool
			w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
				if down.Load() {
					rw.WriteHeader(503)
				}
			})
			w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Hour, StaleWhileRevalidate: time.Second, StaleIfError: 2 * time.Second}), "origin")
			w.ask("GET", "edge:80/")
			w.ask("GET", "edge:80/other")
			time.Sleep(time.Minute)
			down.Store(true)
			w.asks("edge", fmt.Sprintf(`[{"flush": %q}]`, how))
			for n, after := range []time.Duration{0, 1500 * ms, 500 * ms} {
				time.Sleep(after)
				a := w.ask("GET", "edge:80/")
				if got := fmt.Sprint(a.header.Get("Squall-Cache"), " ", a.status); got != want[n] {
					t.Errorf("%s flush, request %d: got %s, want %s", how, n, got, want[n])
				}
			}
			down.Store(false)
			w.ask("GET", "edge:80/")
			if a := w.ask("GET", "edge:80/"); a.header.Get("Squall-Cache") != "hit" {
				t.Errorf("%s flush: a copy made after it is not a hit", how)
			}
			w.counters("edge", map[string]float64{"squall_cache_purged_total": 2})
		})
	}
}
