package node_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Past its ttl a copy is served at once, as stale and not degraded, while one request refreshes it: nobody but the very
// first asker waits for the origin. Past the window an asker waits again.
func TestStaleWhileRevalidate(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
			n := asked.Add(1)
			time.Sleep(200 * ms)
			fmt.Fprintf(rw, "version %d", n)
		})
		w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: 2 * time.Second, StaleWhileRevalidate: 3 * time.Second}), "origin")
		began := time.Now()
		for _, step := range []struct {
			at, took   time.Duration
			cache, age string
			body       string
		}{
			{0, 200 * ms, "miss", "", "version 1"},          // stored at 200 ms
			{2199 * ms, 0, "hit", "2", "version 1"},         // its age counts from when it was asked for
			{2200 * ms, 0, "stale", "2", "version 1"},       // begins the refresh
			{2300 * ms, 0, "stale", "2", "version 1"},       // which is under way
			{2401 * ms, 0, "hit", "0", "version 2"},         // and done
			{7399 * ms, 0, "stale", "5", "version 2"},       // the last moment of the window
			{7600 * ms, 0, "hit", "0", "version 3"},         // stored at 7599 ms
			{12599 * ms, 200 * ms, "miss", "", "version 4"}, // past the window
		} {
			time.Sleep(time.Until(began.Add(step.at)))
			got := w.ask("GET", "edge:80/")
			h := got.header
			if got.status != 200 || got.body != step.body || got.took != step.took || h.Get(wire.HeaderCache) != step.cache || h.Get("Age") != step.age || h.Get(wire.HeaderDegraded) != "" {
				t.Errorf("at %s: got %s with %v, want %+v", step.at, got, h, step)
			}
		}
		w.counters("edge", map[string]float64{"squall_cache_revalidating_total": 3, "squall_cache_refreshes_total": 2, "squall_cache_misses_total": 2, "squall_cache_hits_total": 3, "squall_degraded_total": 0})
	})
}

// The share of requests that wait for the origin is 1/(1+lam*T) without (9.1 % at lam*T = 10), and that of the first alone with.
func TestRevalidatingLetsNobodyWait(t *testing.T) {
	for window, want := range map[time.Duration]int{0: 100, 10 * time.Second: 1} {
		inWorld(t, func(w *world) {
			w.leaf("origin", func(http.ResponseWriter, *http.Request) { time.Sleep(200 * ms) })
			w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: 1099 * ms, StaleWhileRevalidate: window}), "origin")
			waited := 0
			for range 1100 { // 100 ms apart: a miss, then ten hits
				got := w.ask("GET", "edge:80/")
				if got.took > 100*ms {
					waited++
				}
				time.Sleep(100*ms - got.took%(100*ms))
			}
			if waited != want {
				t.Errorf("window %s: %d of 1100 waited, want %d", window, waited, want)
			}
		})
	}
}

// A refresh that fails leaves the copy, and the next request tries again; a node that ends does not wait for one that hangs.
func TestRefreshThatFails(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		w.leaf("origin", func(rw http.ResponseWriter, r *http.Request) {
			switch asked.Add(1) {
			case 1:
			case 4:
				<-r.Context().Done()
			default:
				rw.WriteHeader(503)
			}
		})
		stop := w.run(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Second, StaleWhileRevalidate: time.Hour}), "origin")
		w.ask("GET", "edge:80/")
		time.Sleep(time.Second)
		for range 3 {
			if got := w.ask("GET", "edge:80/"); got.status != 200 || got.header.Get(wire.HeaderCache) != "stale" {
				t.Errorf("got %s, want a stale copy", got)
			}
			time.Sleep(time.Millisecond)
		}
		if asked.Load() != 4 {
			t.Errorf("the origin was asked %d times, want 4", asked.Load())
		}
		began := time.Now()
		stop()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the node took %s to end", took)
		}
	})
}

// A 404 is asked for once a negative_ttl; what fails is never kept, so that after the origin is well no error is served.
func TestNegativeCaching(t *testing.T) {
	for _, r := range []struct {
		status int
		ttl    time.Duration
		asked  int64 // by a request each 100 ms for 10 s
	}{{404, 999 * ms, 10}, {410, 999 * ms, 10}, {404, 0, 100}, {400, 999 * ms, 100}, {500, 999 * ms, 100}, {503, 999 * ms, 100}} {
		t.Run(fmt.Sprint(r.status, r.ttl), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var asked atomic.Int64
				var well atomic.Bool
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					if !well.Load() {
						rw.Header().Set("Cache-Control", "max-age=3600")
						rw.WriteHeader(r.status)
					}
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Hour, NegativeTTL: r.ttl}), "origin")
				for range 100 {
					if got := w.ask("GET", "edge:80/none"); got.status != r.status {
						t.Fatalf("got %s, want %d", got, r.status)
					}
					time.Sleep(100 * ms)
				}
				if got := asked.Load(); got != r.asked {
					t.Errorf("the origin was asked %d times, want %d", got, r.asked)
				}
				well.Store(true)
				if got := w.ask("GET", "edge:80/none"); r.status >= 500 && got.status != 200 {
					t.Errorf("after the origin is well: got %s", got)
				}
			})
		})
	}
}

// N copies stored at once expire at once; with a jitter of j of the ttl T they do so over 2*j*T: N/(2*j*T) a second.
func TestTTLJitterSpreadsExpiry(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const keys = 400
	for jitter, want := range map[float64][2]int64{0: {keys, keys}, .25: {60, 100}} { // 400 / (2 * .25 * 10 s) = 80 a second
		inWorld(t, func(w *world) {
			var asked atomic.Int64
			w.leaf("origin", func(http.ResponseWriter, *http.Request) { asked.Add(1) })
			w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: 10 * time.Second, TTLJitter: jitter}), "origin")
			most := int64(0)
			for range 30 { // half a second apart
				before := asked.Load()
				for k := range keys {
					w.ask("GET", fmt.Sprintf("edge:80/%d", k))
				}
				if n := asked.Load() - before; before > 0 {
					most = max(most, n)
				}
				time.Sleep(500 * ms)
			}
			if jitter > 0 {
				most *= 2 // a second
			}
			if most < want[0] || most > want[1] {
				t.Errorf("jitter %g: at most %d asked for a second, want %v", jitter, most, want)
			}
		})
	}
}

func TestCacheKey(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("origin", func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.URL.RequestURI()) })
		w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Hour, Key: &scenarios.CacheKey{Ignore: []string{"utm_*", "fbclid"}}}), "origin")
		for _, r := range []struct{ path, first string }{ // what is asked for, and what was when its copy was made
			{"/a?x=1&y=2", "/a?x=1&y=2"},
			{"/a?y=2&x=1", "/a?x=1&y=2"},
			{"/a?utm_source=7&y=2&fbclid=9&x=1&utm_=", "/a?x=1&y=2"},
			{"/a?x=1&y=2&fbclid2=1", "/a?x=1&y=2&fbclid2=1"},
			{"/a?x=2&x=1", "/a?x=2&x=1"},
			{"/a?x=1&x=2", "/a?x=1&x=2"},
			{"/b", "/b"},
			{"/b?utm_source=1", "/b?utm_source=1"}, // the empty query is no query, but it is not the same path
			{"/b?%75tm_source=2", "/b?utm_source=1"},
		} {
			if got := w.ask("GET", "edge:80"+r.path); got.body != r.first {
				t.Errorf("%s: got the copy of %s, want that of %s", r.path, got.body, r.first)
			}
		}
	})
}

// The origin's Cache-Control, by RFC 9111 for a shared cache, and RFC 5861.
func TestCacheControlOfTheOrigin(t *testing.T) {
	rule := scenarios.CacheRule{Match: "/*", TTL: 10 * time.Second, StaleIfError: 100 * time.Second, CacheControl: true}
	for _, r := range []struct {
		control, age string
		fresh, stale time.Duration // the copy is fresh for, and served stale on errors until
	}{
		{"", "", 10 * time.Second, 110 * time.Second},
		{"public", "", 10 * time.Second, 110 * time.Second},
		{"max-age=5", "", 5 * time.Second, 105 * time.Second},
		{"max-age=50", "", 50 * time.Second, 150 * time.Second},
		{"max-age=5, s-maxage=7", "", 7 * time.Second, 7 * time.Second},
		{"s-maxage=7, stale-if-error=3", "", 7 * time.Second, 10 * time.Second},
		{`S-MaxAge="7"`, "", 7 * time.Second, 7 * time.Second},
		{"max-age=5, must-revalidate", "", 5 * time.Second, 5 * time.Second},
		{"max-age=5, proxy-revalidate", "", 5 * time.Second, 5 * time.Second},
		{"max-age=5, stale-if-error=2", "", 5 * time.Second, 7 * time.Second},
		{"max-age=5", "3", 2 * time.Second, 102 * time.Second},
		{"max-age=soon", "", 10 * time.Second, 110 * time.Second},
		{"no-cache", "", 0, 0},
		{"max-age=60, no-cache", "", 0, 0},
		{"no-store", "", 0, 0},
		{"private, max-age=60", "", 0, 0},
		{"max-age=0", "", 0, 100 * time.Second},
	} {
		t.Run(r.control+r.age, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var down atomic.Bool
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					if down.Load() {
						rw.WriteHeader(503)
						return
					}
					if r.control != "" {
						rw.Header().Set("Cache-Control", r.control)
					}
					if r.age != "" {
						rw.Header().Set("Age", r.age)
					}
				})
				w.start(cdnNode(rule), "origin")
				w.ask("GET", "edge:80/")
				down.Store(true)
				began := time.Now()
				for _, at := range []time.Duration{r.fresh - 1, r.fresh, r.stale - 1, r.stale} {
					if time.Until(began.Add(at)) < 0 {
						continue
					}
					time.Sleep(time.Until(began.Add(at)))
					want := "miss 503"
					if at < r.fresh {
						want = "hit 200"
					} else if at < r.stale {
						want = "stale 200"
					}
					a := w.ask("GET", "edge:80/")
					if got := fmt.Sprint(a.header.Get(wire.HeaderCache), " ", a.status); got != want {
						t.Errorf("at %s: got %s, want %s", at, got, want)
					}
				}
			})
		})
	}
}
