package node_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// origin answers every request with how many it has had, and with what respond adds. It is asked with GET, whatever the
// cdn was asked with, unless that may change something.
func (w *world) origin(respond func(http.ResponseWriter, *http.Request)) *atomic.Int64 {
	asked := new(atomic.Int64)
	w.leaf("origin", func(rw http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if respond != nil {
			respond(rw, r)
		}
		fmt.Fprintf(rw, "version %d", n)
	})
	return asked
}

// RFC 9111, 4.4: what succeeds in changing a resource takes its copies away, and nothing else does.
func TestChangesInvalidate(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		gone         bool
	}{
		{"POST", "/item/1", 200, true},
		{"PUT", "/item/1", 204, true},
		{"DELETE", "/item/1", 202, true},
		{"PATCH", "/item/1", 303, true},
		{"POST", "/item/1", 400, false},
		{"PUT", "/item/1", 503, false},
		{"OPTIONS", "/item/1", 200, false},
		{"POST", "/item/2", 200, false},
		{"POST", "/item/1?x=1", 200, false},
	} {
		t.Run(fmt.Sprint(c.method, " ", c.path, " ", c.status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.origin(func(rw http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodGet {
						rw.WriteHeader(c.status)
					}
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour, StaleIfError: time.Hour}), "origin")
				w.ask("GET", "edge:80/item/1")
				w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				if got := w.ask(c.method, "edge:80"+c.path); got.status != c.status {
					t.Fatalf("%s: %s, want %d", c.method, got, c.status)
				}
				want, invalidated := "hit", 0.0
				if c.gone {
					want, invalidated = "miss", 1
				}
				if got := w.ask("GET", "edge:80/item/1"); got.header.Get(wire.HeaderCache) != want {
					t.Errorf("afterwards: %s, want a %s", got.header.Get(wire.HeaderCache), want)
				}
				w.counters("edge", map[string]float64{"squall_cache_invalidated_total": invalidated, "squall_cache_entries": 1})
			})
		})
	}
}

// A change takes away every variant, under the key that the rule makes of the URI.
func TestChangesInvalidateEveryVariant(t *testing.T) {
	inWorld(t, func(w *world) {
		w.origin(func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Vary", "Accept-Language") })
		key := &scenarios.CacheKey{Ignore: []string{"utm_*"}}
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour, Key: key}), "origin")
		for _, language := range []string{"de", "en"} {
			w.ask("GET", "edge:80/item?id=1&utm_source=a", "Accept-Language", language)
		}
		w.counters("edge", map[string]float64{"squall_cache_entries": 2})
		w.ask("PUT", "edge:80/item?utm_source=b&id=1")
		w.counters("edge", map[string]float64{"squall_cache_entries": 0, "squall_cache_invalidated_total": 2})
	})
}

// One site's copies are not another's.
func TestHostIsPartOfTheKey(t *testing.T) {
	inWorld(t, func(w *world) {
		asked := w.origin(nil)
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour}), "origin")
		for _, step := range []struct{ host, cache, body string }{
			{"a.example", "miss", "version 1"}, {"b.example", "miss", "version 2"}, {"a.example", "hit", "version 1"}, {"b.example", "hit", "version 2"},
		} {
			got := w.ask("GET", "edge:80/", "Host", step.host)
			if got.body != step.body || got.header.Get(wire.HeaderCache) != step.cache {
				t.Errorf("%s: %s, %s; want %s, %s", step.host, got, got.header.Get(wire.HeaderCache), step.cache, step.body)
			}
		}
		if asked.Load() != 2 {
			t.Errorf("the origin was asked %d times, want 2", asked.Load())
		}
	})
}

// RFC 5861, 4: a stale copy takes the place of 500, 502, 503 and 504. Others are answers, whatever their number.
func TestStaleIfErrorIsForErrors(t *testing.T) {
	for status, cache := range map[int]string{500: "stale", 501: "miss", 502: "stale", 503: "stale", 504: "stale", 505: "miss", 429: "miss", 404: "miss"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var down atomic.Bool
				w.origin(func(rw http.ResponseWriter, _ *http.Request) {
					if down.Load() {
						rw.WriteHeader(status)
					}
				})
				w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Second, StaleIfError: time.Hour}), "origin")
				w.ask("GET", "edge:80/")
				down.Store(true)
				time.Sleep(time.Second)
				got := w.ask("GET", "edge:80/")
				want := status
				if cache == "stale" {
					want = http.StatusOK
				}
				if got.status != want || got.header.Get(wire.HeaderCache) != cache {
					t.Errorf("got %s, %s; want %d, %s", got, got.header.Get(wire.HeaderCache), want, cache)
				}
			})
		})
	}
}

// RFC 9111, 4.1: what an answer says it was chosen by is part of the key, blanks and lines apart.
func TestVary(t *testing.T) {
	inWorld(t, func(w *world) {
		w.origin(func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Vary", "accept-language, X-Plan") })
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour, Coalesce: true}), "origin")
		for _, step := range []struct {
			cache, body string
			headers     []string
		}{
			{"miss", "version 1", []string{"Accept-Language", "de, en"}},
			{"hit", "version 1", []string{"Accept-Language", "de,en"}},
			{"miss", "version 2", []string{"Accept-Language", "en"}},
			{"miss", "version 3", nil},
			{"miss", "version 4", []string{"Accept-Language", ""}}, // there, and empty, is not absent
			{"miss", "version 5", []string{"Accept-Language", "en", "X-Plan", "gold"}},
			{"hit", "version 2", []string{"Accept-Language", "en", "X-Other", "1"}},
			{"hit", "version 3", nil},
		} {
			got := w.ask("GET", "edge:80/", step.headers...)
			if got.body != step.body || got.header.Get(wire.HeaderCache) != step.cache {
				t.Errorf("%v: %s, %s; want %s, %s", step.headers, got, got.header.Get(wire.HeaderCache), step.cache, step.body)
			}
		}
		w.counters("edge", map[string]float64{"squall_cache_entries": 5})
	})
}

// An origin that varies by something else than before leaves no copy that nobody could find.
func TestVaryThatChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		vary := "Accept"
		asked := w.origin(func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Vary", vary) })
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour}), "origin")
		w.ask("GET", "edge:80/", "Accept", "a")
		w.ask("GET", "edge:80/", "Accept", "b")
		vary = "X-Plan"
		w.ask("GET", "edge:80/", "Accept", "c")
		w.counters("edge", map[string]float64{"squall_cache_entries": 1})
		w.ask("GET", "edge:80/", "Accept", "a")
		if asked.Load() != 3 {
			t.Errorf("the origin was asked %d times, want 3", asked.Load())
		}
	})
}

// Askers that join a request to the origin get its answer only where it was chosen for what they say, too.
func TestCoalescedAskersOfOtherVariantsAskThemselves(t *testing.T) {
	inWorld(t, func(w *world) {
		asked := w.origin(func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * ms)
			rw.Header().Set("Vary", "Accept")
			fmt.Fprintf(rw, "for %s: ", r.Header.Get("Accept"))
		})
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour, Coalesce: true}), "origin")
		answers := make(chan answer, 4)
		for _, accept := range []string{"a", "a", "b", "a"} {
			go func() {
				got := w.ask("GET", "edge:80/", "Accept", accept)
				if !strings.HasPrefix(got.body, "for "+accept+": ") {
					t.Errorf("%s got %s", accept, got)
				}
				answers <- got
			}()
		}
		for range 4 {
			<-answers
		}
		if n := asked.Load(); n < 2 || n > 4 { // one of the two variants is the first; who joins it depends on who that is
			t.Errorf("the origin was asked %d times, want 2 to 4", n)
		}
		w.counters("edge", map[string]float64{"squall_cache_entries": 2})
	})
}

// RFC 9110, 9.3.2: HEAD says what GET would, and a copy for GET answers it; one that it brings about answers GET.
func TestHEADIsAnsweredFromGET(t *testing.T) {
	for _, methods := range [][2]string{{"GET", "HEAD"}, {"HEAD", "GET"}} {
		t.Run(strings.Join(methods[:], " then "), func(t *testing.T) {
			inWorld(t, func(w *world) {
				asked := w.origin(func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("X-Kept", "yes") })
				w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour}), "origin")
				for n, method := range methods {
					got := w.ask(method, "edge:80/")
					body := map[string]string{"GET": "version 1", "HEAD": ""}[method]
					if got.status != 200 || got.body != body || got.header.Get(wire.HeaderCache) != []string{"miss", "hit"}[n] ||
						got.header.Get("Content-Length") != "9" || got.header.Get("X-Kept") != "yes" {
						t.Errorf("%s: %s with %v", method, got, got.header)
					}
				}
				if asked.Load() != 1 {
					t.Errorf("the origin was asked %d times, want once", asked.Load())
				}
			})
		})
	}
}

// RFC 9111, 4.2.3: an age counts what other caches had it for, and how long the answer took.
func TestAgeAddsUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.origin(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Age", "7")
			time.Sleep(1500 * ms)
		})
		w.start(cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Minute}), "origin")
		w.ask("GET", "edge:80/")
		time.Sleep(2 * time.Second)
		if got := w.ask("GET", "edge:80/"); got.header.Get("Age") != "10" { // 7 + 1.5 + 2
			t.Errorf("Age %v, want 10", got.header["Age"])
		}
		time.Sleep(57 * time.Second) // the rule's ttl counts from when it came
		if got := w.ask("GET", "edge:80/"); got.header.Get(wire.HeaderCache) != "hit" || got.header.Get("Age") != "67" {
			t.Errorf("after 59 s: %s of age %v, want a hit of age 67", got.header.Get(wire.HeaderCache), got.header["Age"])
		}
	})
}

// size and storage bound what is kept, the least recently asked for goes, and it is counted.
func TestCapacity(t *testing.T) {
	for name, room := range map[string]struct {
		size    int
		storage int64
	}{"size": {size: 3}, "storage": {storage: 27}} { // version 1 has 9 bytes
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.origin(nil)
				edge := cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Hour})
				edge.Size, edge.Storage = room.size, room.storage
				w.start(edge, "origin")
				for _, step := range []struct{ path, cache string }{
					{"/1", "miss"}, {"/2", "miss"}, {"/3", "miss"}, {"/1", "hit"}, {"/4", "miss"}, // 2 goes
					{"/1", "hit"}, {"/3", "hit"}, {"/2", "miss"}, // 4 goes
					{"/4", "miss"},
				} {
					if got := w.ask("GET", "edge:80"+step.path); got.header.Get(wire.HeaderCache) != step.cache {
						t.Errorf("%s: %s, want %s", step.path, got.header.Get(wire.HeaderCache), step.cache)
					}
				}
				w.counters("edge", map[string]float64{"squall_cache_entries": 3, "squall_cache_evicted_total": 3})
			})
		})
	}
}
