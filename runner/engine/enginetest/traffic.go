package enginetest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/squallhq/squall/runner"
)

func testTraffic(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	w.mustGet(toAPI2, "/ping")
	id := w.mustWrite(toAPI, "traffic")
	if found := w.writes(db); found[id] != 1 {
		t.Errorf("the acknowledged write %q is there %d times, want once: %v", id, found[id], found)
	}
}

// testNoRedirects asks for what an endpoint has but for the form of its path: a server's helpfulness is no service.
func testNoRedirects(t *testing.T, w *world) {
	for _, path := range []string{"//ping", "/x/../ping", "/./ping"} {
		if a := w.get(toAPI, path); a.err != nil || a.status != http.StatusNotFound {
			t.Errorf("GET %s: status %d, error %v; want 404", path, a.status, a.err)
		}
	}
}

func testCounters(t *testing.T, w *world) {
	counted := w.counted(api).Calls[db]
	before := w.observe()
	const pings, writes = 7, 5
	for range pings {
		w.mustGet(toAPI, "/ping")
	}
	for i := range writes {
		w.mustWrite(toAPI, fmt.Sprintf("count-%d", i))
	}
	after := w.observe()
	edge := func(o runner.Observation, name string) runner.EdgeCounters {
		e, ok := o.Edges[name]
		if !ok {
			t.Errorf("edge %s is not observed", name)
		}
		return e
	}
	first, last := edge(before, toAPI), edge(after, toAPI)
	if got := last.Requests - first.Requests; got != pings+writes {
		t.Errorf("the mesh saw %d requests on %s, want %d", got, toAPI, pings+writes)
	}
	if got := last.FirstBytes - first.FirstBytes; got != pings+writes {
		t.Errorf("the mesh timed %d answers on %s, want %d", got, toAPI, pings+writes)
	}
	if last.BytesUp <= first.BytesUp || last.BytesDown <= first.BytesDown || last.Open < 1 {
		t.Errorf("bytes and connections on %s: %+v, before %+v", toAPI, last, first)
	}
	if got := edge(after, toAPI2).Requests - edge(before, toAPI2).Requests; got != 0 {
		t.Errorf("the mesh saw %d requests on %s, want none", got, toAPI2)
	}
	calls := w.counted(api).Calls[db]
	calls.Attempts -= counted.Attempts
	calls.Organic -= counted.Organic
	if calls.Attempts != writes || calls.Organic != writes || calls.Retries != 0 || calls.Failures != 0 {
		t.Errorf("%s counted calls %+v, want %d organic attempts", api, calls, writes)
	}
	if len(after.Nodes[db].Counters) == 0 || after.At.Before(before.At) {
		t.Errorf("counters of %s: %v at %v", db, after.Nodes[db].Counters, after.At)
	}
}

func testPastEdges(t *testing.T, w *world) {
	before := w.observe()
	w.writes(db)
	after := w.observe()
	for name, e := range after.Edges {
		if got := e.Connections - before.Edges[name].Connections; got != 0 {
			t.Errorf("reading writes back made %d connections over %s", got, name)
		}
	}
}

func testNoDeaths(t *testing.T, w *world) {
	select {
	case err := <-w.system.Died():
		t.Errorf("died: %v", err)
	default:
	}
}
