package node_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Which requests each form of a rule covers; the first rule decides.
func TestBotRules(t *testing.T) {
	rules := []scenarios.BotRule{
		{Header: "User-Agent", Contains: "GoodBot", Do: "pass"},
		{Header: "User-Agent", Contains: "bot", Do: "block"},
		{Match: "/admin/*", Do: "block"},
		{Match: "POST /login", Header: "X-Probe", Do: "block"},
		{Header: "Accept-Language", Absent: true, Match: "GET /search", Do: "block"},
	}
	inWorld(t, func(w *world) {
		w.leaf("origin", func(http.ResponseWriter, *http.Request) {})
		w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "origin", Bots: scenarios.Bots{Bots: rules}}}, "origin")
		blocked := 0.0
		for _, r := range []struct {
			method, path string
			headers      []string
			status       int
		}{
			{"GET", "/", nil, 200},
			{"GET", "/", []string{"User-Agent", "EvilBot/1.0"}, 403},
			{"GET", "/admin/x", []string{"User-Agent", "goodbot"}, 200}, // a pass ends the rules
			{"GET", "/admin/x", nil, 403},
			{"GET", "/admin", nil, 200},
			{"POST", "/login", nil, 200},
			{"POST", "/login", []string{"X-Probe", "1"}, 403},
			{"GET", "/login", []string{"X-Probe", "1"}, 200},
			{"GET", "/search", nil, 403},
			{"GET", "/search", []string{"Accept-Language", "de"}, 200},
		} {
			got := w.ask(r.method, "edge:80"+r.path, r.headers...)
			if got.status != r.status {
				t.Errorf("%s %s %q: got %s, want %d", r.method, r.path, r.headers, got, r.status)
			}
			if r.status == 403 {
				blocked++
			}
		}
		w.counters("edge", map[string]float64{"squall_bots_blocked_total": blocked, "squall_errors_total": 0})
	})
}

// A rule's bucket is its own: 10 a second and a burst of 5 let 5 + 10 of 100 through in a second, and then the edge's
// own limit counts those alone. What is refused reaches neither the cache nor the origin.
func TestBotsAreLimitedBeforeTheRateLimitAndTheCache(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		w.leaf("origin", func(http.ResponseWriter, *http.Request) { asked.Add(1) })
		w.start(scenarios.Node{
			Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{
				Origin: "origin",
				Bots:   scenarios.Bots{Bots: []scenarios.BotRule{{Header: "User-Agent", Contains: "scraper", Do: "limit", Rate: 10, Burst: 5}}},
				Cache:  []scenarios.CacheRule{{Match: "/*", TTL: time.Hour}},
			},
			RateLimit: &scenarios.RateLimit{Rate: 1, Burst: 12, Per: "client"},
		}, "origin")
		counts := map[int]int{}
		for range 100 {
			got := w.ask("GET", "edge:80/", "User-Agent", "Scraper/2", wire.HeaderLoad, "scraper")
			counts[got.status]++
			if got.status == 429 && got.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q, want 1", got.header.Get("Retry-After"))
			}
			time.Sleep(10 * ms)
		}
		if got := w.ask("GET", "edge:80/", wire.HeaderLoad, "users"); got.status != 200 || got.header.Get(wire.HeaderCache) != "hit" {
			t.Errorf("another client: got %s", got)
		}
		// 5 at once, and one whenever 100 ms have passed: at 0, 10 ... 40 ms, then at 100 ms at the latest, 200 ms ...
		// Within 990 ms that is 5 + 9; of those the edge's own limit lets its burst of 12 through.
		if counts[200] != 12 || asked.Load() != 1 {
			t.Errorf("got %v and %d requests to the origin, want 12 of 200 and 1", counts, asked.Load())
		}
		w.counters("edge", map[string]float64{
			"squall_bots_limited_total": 86, "squall_rate_limited_total": 2, "squall_cache_hits_total": 12, "squall_cache_misses_total": 1,
		})
	})
}

// A static page is what is left when the origin fails and there is no copy; a copy comes before it, however old it may be.
func TestStaticPage(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("origin", func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/kept" || r.Header.Get("X-Fail") != "" {
				rw.WriteHeader(503)
			}
		})
		edge := cdnNode(scenarios.CacheRule{Match: "GET /*", TTL: time.Second, StaleIfError: time.Hour, Fallback: &scenarios.Page{Status: 203}})
		w.start(edge, "origin")
		w.ask("GET", "edge:80/kept")
		time.Sleep(2 * time.Second)
		if got := w.ask("GET", "edge:80/kept", "X-Fail", "1"); got.status != 200 || got.header.Get(wire.HeaderCache) != "stale" {
			t.Errorf("with a copy: got %s (%s), want the stale copy", got, got.header.Get(wire.HeaderCache))
		}
		got := w.ask("GET", "edge:80/other")
		if got.status != 203 || got.header.Get(wire.HeaderDegraded) != "static page" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("without: got %s %v, want the page, degraded, not to be kept", got, got.header)
		}
		if got := w.ask("POST", "edge:80/other"); got.status != 503 {
			t.Errorf("POST: got %s, want 503: a page is no answer to a write", got)
		}
		w.counters("edge", map[string]float64{"squall_pages_total": 1, "squall_degraded_total": 2, "squall_cache_entries": 1})
	})
}

// BenchmarkBotRules is what ten rules cost a request that none covers, beside an edge with none.
func BenchmarkBotRules(b *testing.B) {
	var ten []scenarios.BotRule
	for range 10 {
		ten = append(ten, scenarios.BotRule{Header: "User-Agent", Contains: "scraper", Do: "block"})
	}
	for name, rules := range map[string][]scenarios.BotRule{"none": nil, "ten": ten} {
		b.Run(name, func(b *testing.B) {
			listen := func(n scenarios.Node, up map[string][]node.Upstream) node.Config {
				return node.Config{Node: n, Upstreams: up, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir()}
			}
			leaf := start(b, node.TCP{}, listen(service("leaf", "GET /"), nil))
			edge := start(b, node.TCP{}, listen(scenarios.Node{
				Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "leaf", Bots: scenarios.Bots{Bots: rules},
					Cache: []scenarios.CacheRule{{Match: "/*", TTL: time.Hour}}},
			}, map[string][]node.Upstream{"leaf": upstream("leaf", scenarios.KindService, leaf.Listen)}))
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				get(b, client, edge.Listen, n)
				n++
			}
		})
	}
}
