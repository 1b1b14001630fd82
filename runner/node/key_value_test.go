package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// What is set is found by everybody under its key, wherever that is among a cache's instances, until its time is over or its
// instance is gone; what is not there is an answer of its own.
func TestGetAndSet(t *testing.T) {
	inWorld(t, func(w *world) {
		for n := range 3 {
			c := cacheOf(0)
			c.Name = fmt.Sprint("hot", n)
			w.start(c)
		}
		begin := func(name string) {
			s := service(name, "PUT /sessions/{user}", scenarios.Step{Key: "session of {user}", KeyValue: scenarios.KeyValue{Set: "hot", Value: "{user} & co: ü%", TTL: 10 * time.Second}})
			s.Endpoints = append(s.Endpoints, &scenarios.Endpoint{Match: "GET /sessions/{user}", Steps: []scenarios.Step{
				{Key: "session of {user}", KeyValue: scenarios.KeyValue{Get: "hot"}, RowRead: scenarios.RowRead{Absent: 401}}}})
			config := w.config(s)
			for n := range 3 {
				config.Upstreams["hot"] = append(config.Upstreams["hot"],
					node.Upstream{Instance: fmt.Sprint("hot-", n+1), Address: fmt.Sprintf("hot%d:80", n), Kind: scenarios.KindCache})
			}
			start(w.t, w.network, config)
		}
		begin("a")
		begin("b")
		if got := w.ask("GET", "b:80/sessions/eve"); got.status != 401 {
			t.Errorf("what was never set: %s", got)
		}
		if got := w.ask("PUT", "a:80/sessions/eve"); got.status != 200 {
			t.Fatalf("set: %s", got)
		}
		if got := w.ask("GET", "b:80/sessions/eve"); got.status != 200 || got.body != "eve & co: ü%" {
			t.Errorf("what was set: %s", got)
		}
		time.Sleep(10 * time.Second)
		if got := w.ask("GET", "a:80/sessions/eve"); got.status != 401 {
			t.Errorf("after its time: %s", got)
		}
		w.counters("b", map[string]float64{"squall_cache_hits_total": 1, "squall_cache_misses_total": 1})
		for n := range 30 {
			w.ask("PUT", fmt.Sprintf("a:80/sessions/user%d", n))
		}
		var kept float64
		for n := range 3 {
			here := w.stats(fmt.Sprint("hot", n)).Counters["squall_cache_entries"]
			if kept += here; here == 0 {
				t.Errorf("instance %d keeps nothing", n)
			}
			w.behave(fmt.Sprint("hot", n), `{"errors": 1, "status": 500}`)
		}
		if kept < 30 || kept > 31 { // eve's may stand where it was
			t.Errorf("%g values kept, want 30", kept)
		}
		if got := w.ask("GET", "a:80/sessions/user1"); got.status != 502 {
			t.Errorf("a cache that fails: %s, want 502: it keeps what nobody else has", got)
		}
	})
}
