package runner

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// reading is a system's counters a while after zero.
func reading(zero time.Time, after time.Duration, calls, requests int64, queue float64, unread bool) *Observation {
	return &Observation{
		At:    zero.Add(after),
		Edges: map[string]EdgeCounters{"a-1:b-1": {Requests: requests, Open: 2, FirstBytes: requests, FirstByteTotal: time.Duration(requests) * 10 * time.Millisecond}},
		Nodes: map[string]NodeCounters{"a-1": {
			Calls:    map[string]wire.CallCounters{"b-1": {Attempts: calls, InFlight: 1}},
			Counters: map[string]float64{"squall_requests_total": float64(calls), "squall_queue_depth": queue}, Unread: unread,
		}},
	}
}

// The series says what changed between readings; a reading that is missing is unknown, and what was counted meanwhile is in the next one.
func TestSeriesIsWhatChanged(t *testing.T) {
	t.Parallel()
	zero := time.Unix(1000, 0)
	plan := &topology.Plan{Edges: []topology.Edge{{Name: "a-1:b-1", From: "a-1", To: "b-1"}}}
	last := reading(zero, 3*time.Second, 60, 58, 0, false)
	r := &run{
		o: Options{Plan: plan}, zero: zero,
		start:   reading(zero, 0, 5, 5, 1, false), // the warm-up's five
		turned:  []*Observation{nil, last},
		sampled: []**Observation{ptr(reading(zero, time.Second, 25, 25, 7, false)), ptr(reading(zero, 2*time.Second, 25, 40, 7, true)), new(*Observation)},
	}
	want := []record.Moment{
		{AtS: 0, Nodes: map[string]map[string]float64{"a-1": {"squall_queue_depth": 1}}, Edges: map[string]record.Crossing{}},
		{
			AtS: 1, Nodes: map[string]map[string]float64{"a-1": {"squall_requests_total": 20, "squall_queue_depth": 7}},
			Edges: map[string]record.Crossing{"a-1:b-1": {Attempts: 20, InFlight: 1, Requests: 20, Open: 2, FirstByteMs: 10}},
		},
		{
			AtS: 2, Nodes: map[string]map[string]float64{}, Unread: []string{"a-1"},
			Edges: map[string]record.Crossing{"a-1:b-1": {Requests: 15, Open: 2, FirstByteMs: 10}},
		},
		{
			AtS: 3, Nodes: map[string]map[string]float64{"a-1": {"squall_requests_total": 35}},
			Edges: map[string]record.Crossing{"a-1:b-1": {Attempts: 35, InFlight: 1, Requests: 18, Open: 2, FirstByteMs: 10}},
		},
	}
	if diff := cmp.Diff(want, r.series()); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

// A life that ended before it could be asked makes what was counted over its end unknown, in the series, a phase, the run, on its edges and among
// its messages, and nothing after that.
func TestALostLifeIsUnknown(t *testing.T) {
	t.Parallel()
	zero := time.Unix(1000, 0)
	queue := &scenarios.Node{Name: "a", Kind: scenarios.KindStream, Stream: scenarios.Stream{Subscribers: []*scenarios.Subscriber{
		{Name: "b", To: &scenarios.Call{Node: "b", Method: "POST", Path: "/"}},
	}}}
	edge := topology.Edge{Name: "a-1:b-1", From: "a-1", To: "b-1", FromNode: "a", ToNode: "b"}
	plan := &topology.Plan{Instances: []topology.Instance{{Name: "a-1", Node: queue}}, Edges: []topology.Edge{edge}}
	lived := func(after, calls int, lost int) *Observation {
		o := reading(zero, time.Duration(after)*time.Second, int64(calls), int64(10*after), 3, false)
		n := o.Nodes["a-1"]
		n.Lost = lost
		n.Counters[`squall_lag_messages{subscriber="b"}`] = 2
		o.Nodes["a-1"] = n
		return o
	}
	before, over, after := lived(0, 5, 0), lived(1, 9, 1), lived(2, 21, 1)
	r := &run{o: Options{Plan: plan}, zero: zero, start: before, sampled: []**Observation{ptr(over)}, turned: []*Observation{nil, after}}
	moments := r.series()
	if diff := cmp.Diff([]string{"a-1"}, moments[1].Unread); diff != "" || len(moments[2].Unread) > 0 {
		t.Errorf("unread are (-want +got):\n%s and then %v", diff, moments[2].Unread)
	}
	for i, want := range []float64{0, 0, 12} {
		if n := moments[i].Nodes["a-1"]["squall_requests_total"]; n != want || int64(n) != moments[i].Edges[edge.Name].Attempts {
			t.Errorf("moment %d: %v, and over the edge %+v, want %v", i, moments[i].Nodes, moments[i].Edges, want)
		}
	}
	for _, c := range []struct {
		name       string
		start, end *Observation
		known      bool
	}{{"over it", before, over, false}, {"before and after it", before, after, false}, {"after it", over, after, true}} {
		var p record.Phase
		r.phaseCounts(&p, c.start, c.end)
		_, inRun := nodes(plan, c.start, c.end)[0].Counters["squall_requests_total"]
		_, onEdge := callsOf(c.start, c.end, edge)
		if told := deliveryOver(plan, c.start, c.end, edge) != nil; (len(p.Nodes) > 0) != c.known || inRun != c.known || onEdge != c.known || told != c.known {
			t.Errorf("%s known are a phase's %v, the run's %v, the edge's %v, the messages %v; want %v", c.name, len(p.Nodes) > 0, inRun, onEdge, told, c.known)
		}
	}
	if _, known := callsOf(nil, after, edge); known {
		t.Error("its calls since it was launched are taken for known")
	}
	if d := deliveryOver(plan, nil, after, edge); d == nil || d.Backlog != 2 {
		t.Errorf("what waits now: %+v, want 2", d)
	}
	if !r.heard.lostMore("a-1", 1) || r.heard.lostMore("a-1", 1) || !r.heard.lostMore("a-1", 2) || r.heard.lostMore("b-1", 0) {
		t.Error("a lost life is not told of once")
	}
}

// Each second is read once, at a phase's begin too, and a long run less often.
func TestMomentsOfARun(t *testing.T) {
	t.Parallel()
	plan := &topology.Plan{Total: 5 * time.Second, Phases: []topology.Span{{End: 2 * time.Second}, {Start: 2 * time.Second, End: 5 * time.Second}}}
	moments := func(plan *topology.Plan) (out []time.Duration) {
		way := newCourse(plan).Way()
		for at := moment(plan, way, 0); at < course.Never; at = moment(plan, way, at) {
			out = append(out, at)
		}
		return out
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 3 * time.Second, 4 * time.Second}, moments(plan)); diff != "" {
		t.Errorf("moments (-want +got):\n%s", diff)
	}
	for _, total := range []time.Duration{20 * time.Minute, time.Hour, 25 * time.Hour} {
		got := moments(&topology.Plan{Total: total, Phases: []topology.Span{{End: total}}})
		if len(got) > mostMoments || len(got) < mostMoments/2 || got[0]%time.Second != 0 {
			t.Errorf("%s: %d moments from %s on, want at most %d", total, len(got), got[0], mostMoments)
		}
	}
}

// What was run is written down without what must not be read there.
func TestDesignHoldsNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	d, err := design(&scenarios.Scenario{
		Nodes: []*scenarios.Node{{
			Name: "db", DSN: "u:" + secret + "@d",
			Container: scenarios.Container{Env: map[string]string{"PASSWORD": secret}, StandIn: &scenarios.Node{DSN: secret}},
			Gateway:   scenarios.Gateway{JWT: &scenarios.JWT{Secret: secret, Also: []string{secret}}},
		}},
		Loads: []*scenarios.Load{{Name: "users", APIKey: secret, Headers: map[string]string{"Authorization": secret}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(d.Nodes[0]) + string(d.Loads[0])
	if strings.Contains(text, secret) || !strings.Contains(text, `"db"`) || !strings.Contains(text, `"users"`) {
		t.Errorf("the design says %s", text)
	}
}

// A long run lets its readings go, and its series is the same to the letter as if it had kept them all, whoever looked at it meanwhile: with an instance
// that does not answer for a while, readings that never came, one at each phase's begin, and one that comes late.
func TestOldReadingsAreLetGo(t *testing.T) {
	t.Parallel()
	zero := time.Unix(1000, 0)
	plan := &topology.Plan{Edges: []topology.Edge{{Name: "a-1:b-1", From: "a-1", To: "b-1"}}}
	begin := func() *run {
		return &run{o: Options{Plan: plan}, zero: zero, start: reading(zero, 0, 5, 5, 1, false), turned: make([]*Observation, 3)}
	}
	kept, folding := begin(), begin()
	var looked momentsSoFar
	most := 0
	for n := range 1000 {
		at := time.Duration(n+1) * time.Second
		o := reading(zero, at, int64(5+3*n), int64(5+4*n), float64(n%7), n >= 300 && n < 420)
		into := ptr(o)
		if n%97 == 0 {
			*into = nil
		}
		kept.sampled = append(kept.sampled, into)
		folding.fold()
		folding.sampled = append(folding.sampled, into)
		if n == 400 || n == 700 {
			turn := reading(zero, at-1500*time.Millisecond, int64(5+3*n), int64(5+4*n), 3, false) // it was read before two that are there
			kept.turned[n/500], folding.turned[n/500] = turn, turn
		}
		if n%50 == 0 {
			got := looked.until(folding, folding.heard.folded, inTime([]*Observation{folding.start}, folding.turned, folding.samples()))
			if diff := cmp.Diff(kept.series(), got); diff != "" {
				t.Fatalf("after %s (-kept +folded):\n%s", at, diff)
			}
		}
		most = max(most, len(folding.sampled))
	}
	if most > mostHeld+15 || folding.heard.folded == nil {
		t.Errorf("it has held %d readings at once", most)
	}
	if diff := cmp.Diff(kept.series(), folding.series()); diff != "" {
		t.Errorf("(-kept +folded):\n%s", diff)
	}
}
