package node_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A read costs 20 ms the first time and nothing until its ttl is over or its key is written.
func TestCachedRead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Database: scenarios.Database{ReadTime: &scenarios.Work{Mean: 20 * ms}}})
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

// A read that goes on when its asker has left, and is never answered, is given up after 30 s, or when its node ends: it holds
// nobody up.
func TestReadThroughEnds(t *testing.T) {
	for name, test := range map[string]struct {
		coalesce bool
		ends     time.Duration // of the node; 0: it stays
		want     time.Duration
	}{
		"by itself":            {false, 0, 30 * time.Second},
		"by itself, coalesced": {true, 0, 30 * time.Second},
		"with its node":        {false, 3 * time.Second, 3 * time.Second},
		"with it, coalesced":   {true, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				took := make(chan time.Duration, 1)
				w.leaf("hole", func(_ http.ResponseWriter, r *http.Request) {
					began := time.Now()
					<-r.Context().Done()
					took <- time.Since(began)
				})
				step := calls("hole")
				step.Cache = &scenarios.ReadCache{TTL: time.Second, Fill: "through", Coalesce: test.coalesce}
				stop := w.run(service("s", "GET /items/{id}", step), "hole")
				ctx, cancel := context.WithTimeout(w.t.Context(), 100*ms)
				defer cancel()
				if got, err := w.try(ctx, "GET", "s:80/items/7"); err == nil {
					t.Errorf("answered by a hole: %s", got)
				}
				if test.ends > 0 {
					time.Sleep(test.ends - 100*ms)
					began := time.Now()
					stop()
					if got := time.Since(began); got > time.Second {
						t.Errorf("the node took %s to end", got)
					}
				}
				if got := <-took; got < test.want-ms || got > test.want+time.Second {
					t.Errorf("the read was given up after %s, want %s", got, test.want)
				}
			})
		})
	}
}
