package findings

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/runner/record"
)

// What the library says of a pattern is what its example says, and each example is in it.
func TestLibraryIsTheExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/patterns/*.yaml")
	if err != nil || len(files) != len(library) {
		t.Fatalf("%d examples (%v), %d in the library", len(files), err, len(library))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ About string }
		if err := yaml.Unmarshal(data, &head); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if library[name] != head.About {
			t.Errorf("%s: the library says %q, the example %q", name, library[name], head.About)
		}
	}
}

// The rules name no pattern that is not there.
func TestRulesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(data), `option{"`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			named[name] = true
			if library[name] == "" && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s names %q, which is not in the library", file, name)
			}
		}
	}
	for name := range library {
		if !named[name] {
			t.Errorf("no rule names %s", name)
		}
	}
}

// Find is Of without what was absorbed, and Absorbed is that alone.
func Find(r *record.Result) []record.Finding      { all, _ := Of(r); return all }
func Absorbed(r *record.Result) []record.Absorbed { _, all := Of(r); return all }

func raw(t *testing.T, text string) json.RawMessage {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatalf("not JSON: %s", text)
	}
	return json.RawMessage(text)
}

func answers(load, request string, sent, failed int64, p50 float64) record.Request {
	return record.Request{
		Load: load, Request: request, Sent: sent, OK: sent - failed, Failed: failed,
		AnswerMs: &record.Latency{Count: sent - failed, P50: p50, P90: p50, P95: p50, P99: p50},
	}
}

// A shop of two routes, one of which waits for payments that hang.
func shop(t *testing.T) *record.Result {
	t.Helper()
	on, off := 10.0, 20.0
	busy := func(queued, waited, depth float64) []record.PhaseNode {
		return []record.PhaseNode{{Instance: "shop-1", Counters: map[string]float64{
			"squall_requests_total": 200, "squall_queued_total": queued, "squall_queue_seconds_total": waited, "squall_queue_depth": depth,
		}}}
	}
	edge := func(failures int64) []record.Edge {
		return []record.Edge{{From: "shop", To: "payments", FromInst: "shop-1", ToInst: "payments-1", Attempts: 100, GaveUp: failures, FirstByteMs: 10, Requests: 100}}
	}
	return &record.Result{
		DurationS: 20,
		Design: &record.Design{
			Nodes: []json.RawMessage{
				raw(t, `{"name": "shop", "kind": "service", "workers": 20, "timeout": 2000000000, "endpoints": [
					{"match": "GET /items/{id}", "steps": []},
					{"match": "POST /orders/{id}", "steps": [{"call": {"node": "payments", "method": "POST", "path": "/charge"}}]}]}`),
				raw(t, `{"name": "payments", "kind": "service"}`),
			},
			Loads: []json.RawMessage{raw(t, `{"name": "users", "to": "shop", "requests": []}`)},
		},
		Nodes:  []record.Node{{Name: "shop", Instance: "shop-1"}, {Name: "payments", Instance: "payments-1"}},
		Faults: []record.Fault{{Kind: "blackhole", On: "shop -> payments", AppliedS: &on, UndoneS: &off}},
		Phases: []record.Phase{
			{
				Name: "steady", EndS: 10, Edges: edge(0), Nodes: busy(0, 0, 0),
				Requests: []record.Request{answers("users", "GET /items/{id}", 100, 0, 10), answers("users", "POST /orders/{id}", 100, 0, 10)},
			},
			{
				Name: "hang", StartS: 10, EndS: 20, Edges: edge(96), Nodes: busy(180, 360, 50),
				Requests: []record.Request{answers("users", "GET /items/{id}", 100, 0, 2500), answers("users", "POST /orders/{id}", 100, 90, 2000)},
			},
		},
	}
}

// What a route that needs nothing of a dependency loses by it is told before what the dependency's own users lose, with figures,
// and what the design has already is not advised.
func TestUnrelatedRequestsTakenDown(t *testing.T) {
	t.Parallel()
	found := Find(shop(t))
	if len(found) == 0 || found[0].Kind != "unrelated requests taken down" || found[0].Where != "shop -> payments" {
		t.Fatalf("found %+v", found)
	}
	f := found[0]
	if f.Lost != 90+5+50 || len(f.Who) != 2 || f.When != (record.Stretch{Phase: "hang", FromS: 10, ToS: 20}) {
		t.Errorf("%d lost by %q in %+v; want 95 orders (90 failed, half of the rest late) and 50 items", f.Lost, f.Who, f.When)
	}
	if len(f.Try) == 0 || f.Try[0].Pattern != "bulkhead" {
		t.Errorf("advises %+v, want bulkhead first and no timeout, which there is", f.Try)
	}
	for _, r := range f.Try {
		if r.Pattern == "timeout" {
			t.Error("advises the timeout that there is")
		}
	}
}

// Nothing is found where users lost nothing, nor where what was run is unknown.
func TestNothingIsFoundWhereNothingIsLost(t *testing.T) {
	t.Parallel()
	well := shop(t)
	well.Phases = well.Phases[:1]
	well.Faults = nil
	if found := Find(well); len(found) > 0 {
		t.Errorf("a run in which all is well: %+v", found)
	}
	before := shop(t)
	before.Design = nil
	if found := Find(before); found != nil {
		t.Errorf("a record without a design: %+v", found)
	}
}

func TestRequestsMatchRoutesAndEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, request string
		want             bool
	}{
		{"/*", "GET /a/b", true},
		{"/catalog/*", "GET /catalog/{item}?x=1", true},
		{"/catalog/*", "GET /orders/1", false},
		{"POST /orders/*", "GET /orders/1", false},
		{"GET /items/{id}", "GET /items/{item}", true},
		{"GET /items/{id}", "GET /items/7/parts", false},
		{"GET /items/7", "GET /items/8", false},
	} {
		if got := matches(c.pattern, c.request); got != c.want {
			t.Errorf("%s takes %s: %v, want %v", c.pattern, c.request, got, c.want)
		}
	}
}
