package node_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A read costs 20 ms the first time and nothing until its ttl is over or its key is written.
func TestCachedRead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, ReadTime: &scenarios.Work{Mean: 20 * ms}})
		n := service("s", "GET /items/{id}", scenarios.Step{Read: "db", Cache: &scenarios.ReadCache{TTL: time.Second}})
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "PUT /items/{id}", Steps: []scenarios.Step{{Write: "db"}}})
		w.start(n, "db=database")
		read := func(what string, took time.Duration) {
			t.Helper()
			if got := w.ask("GET", "s:80/items/7"); got.status != 200 || got.took != took {
				t.Errorf("%s: got %s, want 200 after %s", what, got, took)
			}
		}
		read("first", 20*ms)
		read("kept", 0)
		time.Sleep(time.Second - ms)
		read("still kept", 0)
		time.Sleep(ms)
		read("expired", 20*ms)
		w.ask("PUT", "s:80/items/7")
		read("written", 20*ms)
		read("kept again", 0)
		w.behave("db", `{"errors": 1}`)
		read("kept while the database fails", 0)
		time.Sleep(time.Second)
		if got := w.ask("GET", "s:80/items/7"); got.status != 502 {
			t.Errorf("got %s, want 502: nothing is served stale", got)
		}
		w.counters("s", map[string]float64{"squall_cache_hits_total": 4, "squall_cache_misses_total": 4, "squall_cache_entries": 1})
	})
}
