package node_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

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
