package node_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func cdnNode(rule scenarios.CacheRule) scenarios.Node {
	return scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "origin", Cache: []scenarios.CacheRule{rule}}}
}

// The life of one copy, to the millisecond: fresh for its ttl, stale for stale_if_error after that.
func TestCacheLifetimes(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		var down atomic.Bool
		w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
			if down.Load() {
				rw.WriteHeader(503)
				return
			}
			fmt.Fprintf(rw, "version %d", asked.Add(1))
		})
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /catalog/*", TTL: 2 * time.Second, StaleIfError: 10 * time.Second}), "origin")
		began := time.Now()
		for _, step := range []struct {
			at       time.Duration
			down     bool
			status   int
			cache    string
			age      string
			degraded string
			body     string
		}{
			{at: 0, status: 200, cache: "miss", body: "version 1"},
			{at: 0, status: 200, cache: "hit", age: "0", body: "version 1"},
			{at: 1999 * ms, status: 200, cache: "hit", age: "1", body: "version 1"},
			{at: 2000 * ms, status: 200, cache: "miss", body: "version 2"},
			{at: 3999 * ms, down: true, status: 200, cache: "hit", age: "1", body: "version 2"},
			{at: 4000 * ms, down: true, status: 200, cache: "stale", age: "2", degraded: "stale, age 2s", body: "version 2"},
			{at: 13999 * ms, down: true, status: 200, cache: "stale", age: "11", degraded: "stale, age 11s", body: "version 2"},
			{at: 14000 * ms, down: true, status: 503, cache: "miss"},
			{at: 14001 * ms, status: 200, cache: "miss", body: "version 3"},
		} {
			time.Sleep(time.Until(began.Add(step.at)))
			down.Store(step.down)
			got := w.ask("GET", "edge:80/catalog/7")
			h := got.header
			if got.status != step.status || got.body != step.body || h.Get(wire.HeaderCache) != step.cache ||
				h.Get("Age") != step.age || h.Get(wire.HeaderDegraded) != step.degraded {
				t.Errorf("at %s: got %s with %v, want %+v", step.at, got, h, step)
			}
		}
		w.counters("edge", map[string]float64{
			"squall_cache_hits_total": 3, "squall_cache_stale_total": 2, "squall_cache_misses_total": 6, "squall_cache_entries": 1, "squall_degraded_total": 2,
		})
	})
}

// Every way in which an origin fails lets a stale copy be served, after as long as the failure takes to show.
func TestStaleOnEveryFailure(t *testing.T) {
	for name, fail := range map[string]struct {
		how  func(rw http.ResponseWriter)
		took time.Duration
	}{
		"500":     {how: func(rw http.ResponseWriter) { rw.WriteHeader(500) }},
		"timeout": {how: func(http.ResponseWriter) { time.Sleep(time.Minute) }, took: 250 * ms},
		"reset":   {how: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		"body breaks off": {how: func(rw http.ResponseWriter) {
			rw.Header().Set("Content-Length", "100")
			rw.Write([]byte("half")) //nolint:errcheck // it is to break off
			panic(http.ErrAbortHandler)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var down atomic.Bool
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					if down.Load() {
						fail.how(rw)
						return
					}
					rw.Write([]byte("good")) //nolint:errcheck // checked by the reader
				})
				edge := cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Second, StaleIfError: time.Hour})
				edge.Timeout = 250 * ms
				w.start(edge, "origin")
				w.ask("GET", "edge:80/")
				down.Store(true)
				time.Sleep(time.Second)
				got := w.ask("GET", "edge:80/")
				if got.status != 200 || got.body != "good" || got.took != fail.took || got.header.Get(wire.HeaderCache) != "stale" {
					t.Errorf("got %s (%s), want a stale copy after %s", got, got.header.Get(wire.HeaderCache), fail.took)
				}
			})
		})
	}
}

func TestWhatIsNotCached(t *testing.T) {
	for _, r := range []struct {
		name, method, path string
		request            []string
		respond            func(http.ResponseWriter)
		asked              int64 // of the origin, by two requests
	}{
		{name: "plain", asked: 1},
		{name: "HEAD", method: "HEAD", asked: 1},
		{name: "POST", method: "POST", asked: 2},
		{name: "no rule", path: "/orders/1", asked: 2},
		{name: "request with Authorization", request: []string{"Authorization", "Bearer x"}, asked: 2},
		{name: "request with no-store", request: []string{"Cache-Control", "max-age=0, no-store"}, asked: 2},
		{name: "request with no-cache", request: []string{"Cache-Control", "no-cache"}, asked: 2},
		{name: "request for a range", request: []string{"Range", "bytes=0-1"}, asked: 2},
		{name: "request with an API key", request: []string{wire.HeaderKey, "k"}, asked: 1},
		{name: "404", respond: func(rw http.ResponseWriter) { rw.WriteHeader(404) }, asked: 2},
		{name: "500", respond: func(rw http.ResponseWriter) { rw.WriteHeader(500) }, asked: 2},
		{name: "no-store", respond: func(rw http.ResponseWriter) { rw.Header().Set("Cache-Control", "No-Store") }, asked: 2},
		{name: "private", respond: func(rw http.ResponseWriter) { rw.Header().Set("Cache-Control", "private, max-age=60") }, asked: 2},
		{name: "cookie", respond: func(rw http.ResponseWriter) { rw.Header().Set("Set-Cookie", "a=b") }, asked: 2},
		{name: "vary", respond: func(rw http.ResponseWriter) { rw.Header().Set("Vary", "User-Agent") }, asked: 1},
		{name: "vary by anything", respond: func(rw http.ResponseWriter) { rw.Header().Set("Vary", "Accept, *") }, asked: 2},
		{name: "degraded", respond: func(rw http.ResponseWriter) { rw.Header().Set(wire.HeaderDegraded, "half") }, asked: 2},
		{name: "longer than 1 MiB", respond: func(rw http.ResponseWriter) {
			rw.Write([]byte(strings.Repeat("x", 1<<20+1))) //nolint:errcheck // checked by the reader
		}, asked: 4}, // once to find out, once to stream
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var asked atomic.Int64
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					if r.respond != nil {
						r.respond(rw)
					}
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "GET /catalog/*", TTL: time.Hour}), "origin")
				method, path := "GET", "/catalog/1"
				if r.method != "" {
					method = r.method
				}
				if r.path != "" {
					path = r.path
				}
				w.ask(method, "edge:80"+path, r.request...)
				w.ask(method, "edge:80"+path, r.request...)
				if got := asked.Load(); got != r.asked {
					t.Errorf("the origin was asked %d times, want %d", got, r.asked)
				}
			})
		})
	}
}

// 101 askers within the half second that the origin takes: one request with coalescing, 101 without.
func TestCoalesce(t *testing.T) {
	for coalesce, want := range map[bool]int64{true: 1, false: 101} {
		t.Run(fmt.Sprint(coalesce), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var asked atomic.Int64
				w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					time.Sleep(500 * ms)
					rw.Write([]byte("good")) //nolint:errcheck // checked by the reader
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Hour, Coalesce: coalesce}), "origin")
				var all sync.WaitGroup
				for n := range 101 {
					all.Go(func() {
						time.Sleep(time.Duration(n) * 4 * ms)
						took := 500 * ms
						if coalesce {
							took -= time.Duration(n) * 4 * ms
						}
						if got := w.ask("GET", "edge:80/"); got.status != 200 || got.body != "good" || got.took != took {
							t.Errorf("asker %d: got %s, want 200 after %s", n, got, took)
						}
					})
				}
				all.Wait()
				if got := asked.Load(); got != want {
					t.Errorf("the origin was asked %d times, want %d", got, want)
				}
			})
		})
	}
}

// The first asker's leaving does not take the answer from the others; the last one's ends the request.
func TestCoalescedRequestOutlivesItsFirstAsker(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		ended := make(chan error, 9)
		w.leaf("origin", func(rw http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			select {
			case <-time.After(500 * ms):
				rw.Write([]byte("good")) //nolint:errcheck // checked by the reader
			case <-r.Context().Done():
			}
			ended <- r.Context().Err()
		})
		w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: time.Hour, Coalesce: true}), "origin")
		w.start(scenarios.Node{Name: "impatient", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "edge", Timeout: 100 * ms}}}}, "edge")
		var first sync.WaitGroup
		first.Go(func() {
			if got := w.ask("GET", "impatient:80/"); got.status != 504 {
				t.Errorf("first: got %s, want 504", got)
			}
		})
		time.Sleep(50 * ms)
		if got := w.ask("GET", "edge:80/", "Host", "impatient:80"); got.body != "good" || got.took != 450*ms {
			t.Errorf("second: got %s, want good after 450ms", got)
		}
		first.Wait()
		if err := <-ended; err != nil || asked.Load() != 1 {
			t.Errorf("origin: asked %d times, ended by %v", asked.Load(), err)
		}
		if got := w.ask("GET", "impatient:80/other"); got.status != 504 {
			t.Errorf("alone: got %s, want 504", got)
		}
		if err := <-ended; err == nil {
			t.Error("alone: the origin was kept at work for nobody")
		}
	})
}

// hit ratio per key = lambda TTL / (1 + lambda TTL): 20 requests a second evenly, 1 s ttl.
func TestHitRatioIsTheClosedForm(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("origin", func(http.ResponseWriter, *http.Request) {})
		w.start(cdnNode(scenarios.CacheRule{Match: "/*", TTL: 999 * ms}), "origin")
		for range 2000 {
			w.ask("GET", "edge:80/")
			time.Sleep(50 * ms)
		}
		// Evenly spaced arrivals: a miss, and the next 19 within the ttl are hits.
		w.counters("edge", map[string]float64{"squall_cache_misses_total": 100, "squall_cache_hits_total": 1900})
	})
}
