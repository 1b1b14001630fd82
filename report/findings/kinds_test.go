package findings

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// patient is a run of two phases, the second with a fault, of front -> back (two replicas each), whose users lose half of what
// they ask for in the second. Each test plants one illness in it.
func patient(t *testing.T, front string) *record.Result {
	t.Helper()
	on, off := 10.0, 20.0
	instances := func() (out []record.PhaseNode) {
		for _, name := range []string{"front-1", "front-2", "back-1", "back-2", "spare-1"} {
			out = append(out, record.PhaseNode{Instance: name, Counters: map[string]float64{"squall_requests_total": 100}})
		}
		return out
	}
	edges := func() []record.Edge {
		return []record.Edge{
			{Name: "front-1:back-1", From: "front", To: "back", FromInst: "front-1", ToInst: "back-1", Attempts: 50, Requests: 50, FirstByteMs: 5, Connections: 1},
			{Name: "front-1:back-2", From: "front", To: "back", FromInst: "front-1", ToInst: "back-2", Attempts: 50, Requests: 50, FirstByteMs: 5, Connections: 1},
		}
	}
	return &record.Result{
		DurationS: 30,
		Design: &record.Design{
			Nodes: []json.RawMessage{
				raw(t, `{"name": "front", "kind": "service", "replicas": 2, "endpoints": [{"match": "GET /x", "steps": [`+front+`]}]}`),
				raw(t, `{"name": "back", "kind": "service", "replicas": 2}`), raw(t, `{"name": "spare", "kind": "service"}`),
			},
			Loads: []json.RawMessage{
				raw(t, `{"name": "users", "to": "front", "requests": [{"send": "GET /x"}]}`), raw(t, `{"name": "bots", "to": "front", "priority": "low", "requests": [{"send": "GET /x"}]}`),
			},
		},
		Nodes: []record.Node{
			{Name: "front", Instance: "front-1"}, {Name: "front", Instance: "front-2"}, {Name: "back", Instance: "back-1"}, {Name: "back", Instance: "back-2"},
			{Name: "spare", Instance: "spare-1"},
		},
		Faults: []record.Fault{{Kind: "slow", Text: "slow back", On: "back", AppliedS: &on, UndoneS: &off}},
		Phases: []record.Phase{
			{Name: "steady", EndS: 10, Edges: edges(), Nodes: instances(), Requests: []record.Request{answers("users", "GET /x", 100, 0, 10), answers("bots", "GET /x", 100, 0, 10)}},
			{Name: "slow", StartS: 10, EndS: 20, Edges: edges(), Nodes: instances(), Requests: []record.Request{answers("users", "GET /x", 100, 50, 10), answers("bots", "GET /x", 100, 0, 10)}},
			{Name: "after", StartS: 20, EndS: 30, Edges: edges(), Nodes: instances(), Requests: []record.Request{answers("users", "GET /x", 100, 50, 10), answers("bots", "GET /x", 100, 0, 10)}},
		},
	}
}

const withBreaker = `{"call": {"node": "back", "method": "GET", "path": "/y"}, "circuit_breaker": {"failures": 0.5, "of": 4, "open_for": 1000000000}}`

// Each kind is found where its illness is planted, with its place and figures, and not where it is not.
func TestPlantedIllnesses(t *testing.T) {
	t.Parallel()
	count := func(r *record.Result, phase, instance int, name string, n float64) {
		r.Phases[phase].Nodes[instance].Counters["squall_"+name] = n
	}
	for _, c := range []struct {
		kind, where, front, evidence string
		plant                        func(*record.Result)
	}{
		{"breaker that flaps", "front -> back", withBreaker, "opened 8 times and turned 40 calls away", func(r *record.Result) {
			count(r, 1, 0, "breaker_open_total", 8)
			count(r, 1, 0, "breaker_rejected_total", 40)
		}},
		{"breaker open for replicas that are well", "front -> back", withBreaker, "back-2 did badly, back-1 well", func(r *record.Result) {
			count(r, 1, 0, "breaker_rejected_total", 40)
			r.Phases[1].Edges[1].Failures = 50
		}},
		{"breaker that never closes", "front -> back", withBreaker, "2 of its breakers are open at the end", func(r *record.Result) {
			count(r, 2, 0, "breakers_open", 2)
		}},
		{"failover overloads who is left", "spare", `{"call": {"node": "back", "method": "GET", "path": "/y"}, "failover": ["spare"]}`, "30 calls of front failed over to it: 40.0/s, 10.0/s in steady",
			func(r *record.Result) {
				count(r, 1, 0, "failovers_total", 30)
				count(r, 1, 4, "requests_total", 400)
				count(r, 1, 4, "queued_total", 100)
				count(r, 1, 4, "queue_seconds_total", 50)
			}},
		{"the wrong requests shed", "front", withBreaker, "50% of those of high priority are lost or late, 0% of those of low", func(r *record.Result) {
			count(r, 1, 0, "shed_total", 50)
		}},
		{"fallback never used", "front -> back", `{"call": {"node": "back", "method": "GET", "path": "/y"}, "fallback": {"status": 200}}`, "80% of 100 attempts not answered well, 80 of them given up",
			func(r *record.Result) { r.Phases[1].Edges[0].GaveUp, r.Phases[1].Edges[1].GaveUp = 40, 40 }},
		{"out of memory", "back", withBreaker, "back-2 was killed for want of memory: 2×", func(r *record.Result) {
			r.Nodes[3].Counters = map[string]float64{"squall_out_of_memory_total": 2}
			count(r, 1, 3, "out_of_memory_total", 2)
		}},
		{"connections thrown away", "front -> back", withBreaker, "80 connections for 100 attempts, 2 for 100 in steady", func(r *record.Result) {
			r.Faults[0].Kind, r.Faults[0].Edges = "latency", []string{"front-1:back-1"}
			r.Phases[1].Edges[0].GaveUp, r.Phases[1].Edges[0].Connections = 40, 80
			r.Phases[1].Edges[1].Connections = 0
		}},
		{"one replica is different", "back-2", withBreaker, "none of 50 attempts at back-2 had a byte of an answer; 0% were not answered well at most of its siblings, whose first byte took 5.0 ms", func(r *record.Result) {
			e := &r.Phases[1].Edges[1] // its host is gone: connections are not even refused
			e.Requests, e.FirstByteMs, e.InFlight = 0, 0, 50
		}},
		{"writes lost", "core", withBreaker, "3 of 50 acknowledged writes are not there", func(r *record.Result) {
			r.Writes = record.Writes{Acknowledged: 50, Lost: 3, Checked: true}
			r.Design.Nodes = append(r.Design.Nodes, []byte(`{"name": "core", "kind": "queue", "image": "nats:2.11", "delivery": "at_most_once"}`))
		}},
		{"recovery slower than the fault", "back", withBreaker, "slow back was on for 2.0 s, and felt for 8.0 s more", func(r *record.Result) {
			on, after := 18.0, 8.0
			r.Faults[0].AppliedS, r.Faults[0].RecoveredAfterS = &on, &after
		}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			well := patient(t, c.front)
			for _, f := range Find(well) {
				if f.Kind == c.kind {
					t.Errorf("found where nothing is planted: %+v", f)
				}
			}
			ill := patient(t, c.front)
			c.plant(ill)
			for _, f := range Find(ill) {
				if f.Kind != c.kind {
					continue
				}
				if f.Where != c.where || !strings.Contains(strings.Join(f.Evidence, "; "), c.evidence) {
					t.Errorf("found at %s by %q, want %s by %q", f.Where, f.Evidence, c.where, c.evidence)
				}
				return
			}
			t.Errorf("not found among %+v", Find(ill))
		})
	}
}

// Connections that nobody was there to take were not thrown away: each attempt at a dead callee makes one, or two.
func TestRefusedConnectionsAreNotThrownAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		requests, cut, byHand int64
		want                  bool
	}{{50, 0, 0, true}, {12, 0, 0, false}, {50, 75, 0, false}, {50, 0, 75, false}} {
		requests, want := c.requests, c.want
		r := patient(t, withBreaker)
		r.Faults[0].Kind, r.Faults[0].Edges = "latency", []string{"front-1:back-1"}
		r.Faults[0].Receipt.Closed = c.cut
		r.Actions = []record.Action{{AtS: 12, Who: record.ByHand, Receipt: &record.Receipt{Closed: c.byHand}}}
		e := &r.Phases[1].Edges[0]
		e.Failures, e.Connections, e.Requests = 40, 80, requests
		found := false
		for _, f := range Find(r) {
			found = found || f.Kind == "connections thrown away"
		}
		if found != want {
			t.Errorf("%d of 50 attempts were requests, %d and %d connections cut: found is %v", requests, c.cut, c.byHand, found)
		}
	}
}

// Whose connection a fault cut did not give up: what was worked on for them is nobody's illness but the fault's.
func TestCallersThatAFaultCutHadNotLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wasted float64
		cut    int64
		want   string
	}{{39, 0, "39 of 200 requests were worked on for nobody"}, {39, 39, ""}, {139, 39, "100 of 200 requests were worked on for nobody"},
		{300, 0, "300 requests were worked on for nobody; 200 came in slow"}} {
		r := patient(t, withBreaker)
		r.Phases[1].Nodes[2].Counters["squall_wasted_total"] = c.wasted
		r.Faults[0].Receipt.Reset = c.cut
		got := ""
		for _, f := range Find(r) {
			if f.Kind == wastedWork.Name {
				got = f.Evidence[0]
			}
			if c.want == "" && (f.Kind == queueGrows.Name || f.Kind == crowded.Name) {
				t.Errorf("%v wasted, %d cut: %+v", c.wasted, c.cut, f)
			}
		}
		if got != c.want {
			t.Errorf("%v wasted, %d cut: %q, want %q", c.wasted, c.cut, got, c.want)
		}
	}
}
