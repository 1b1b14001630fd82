package runner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// tells is a reading of an image after so many seconds; with a reason it is silent, and has what it told before.
func tells(zero time.Time, after int, done, depth float64, silent string) *Observation {
	n := NodeCounters{CPU: time.Duration(after) * time.Second, Exposed: Exposed{Silent: silent}}
	if done >= 0 {
		n.Counters = map[string]float64{"done{q=\"a\"}": done, "waiting_count": depth}
		n.Types = map[string]string{"done": "counter", "waiting_count": "gauge"}
	}
	return &Observation{At: zero.Add(time.Duration(after) * time.Second), Nodes: map[string]NodeCounters{"a-1": n}}
}

// What an image did not tell is unknown, in the series, a phase and the run; what it tells of itself goes by its own types.
func TestSilenceIsUnknown(t *testing.T) {
	t.Parallel()
	zero := time.Unix(1000, 0)
	plan := &topology.Plan{Instances: []topology.Instance{{Name: "a-1", Node: &scenarios.Node{Name: "a"}}}}
	silent := tells(zero, 1, 5, 2, "it did not answer")
	r := &run{o: Options{Plan: plan}, zero: zero, start: tells(zero, 0, 5, 2, ""), sampled: []**Observation{ptr(silent)}, turned: []*Observation{nil, tells(zero, 2, 9, 4, "")}}
	type counted = map[string]float64
	moment := func(at float64, n counted, unread ...string) record.Moment {
		return record.Moment{AtS: at, Nodes: map[string]map[string]float64{"a-1": n}, Edges: map[string]record.Crossing{}, Unread: unread}
	}
	want := []record.Moment{
		moment(0, counted{"waiting_count": 2}), moment(1, counted{cpuSeconds: 1}, "a-1"), moment(2, counted{"done{q=\"a\"}": 4, "waiting_count": 4, cpuSeconds: 1}),
	}
	if diff := cmp.Diff(want, r.series()); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	first, last, never := tells(zero, 0, 5, 2, ""), tells(zero, 2, 9, 4, ""), tells(zero, 0, -1, 0, "nobody listens")
	lapsed, lapsedLater := tells(zero, 2, 9, 4, ""), tells(zero, 3, 11, 1, "")
	for _, o := range []*Observation{lapsed, lapsedLater} {
		n := o.Nodes["a-1"]
		n.Lapses = 1
		o.Nodes["a-1"] = n
	}
	for name, c := range map[string]struct {
		start, end *Observation
		want       counted
	}{
		"told at both ends":          {first, last, counted{"done{q=\"a\"}": 4, "waiting_count": 4, cpuSeconds: 2}},
		"silent at its begin":        {silent, last, counted{"waiting_count": 4, cpuSeconds: 1}},
		"silent at its end":          {first, silent, counted{cpuSeconds: 1}},
		"it had never told by then":  {never, last, counted{"waiting_count": 4, cpuSeconds: 2}},
		"it told first in the phase": {tells(zero, 0, -1, 0, ""), last, counted{"waiting_count": 4, cpuSeconds: 2}},
		"it ended untold":            {first, lapsed, counted{"waiting_count": 4, cpuSeconds: 2}},
		"it ended untold before":     {lapsed, lapsedLater, counted{"done{q=\"a\"}": 2, "waiting_count": 1, cpuSeconds: 1}},
	} {
		var p record.Phase
		r.phaseCounts(&p, c.start, c.end)
		if len(p.Nodes) != 1 {
			t.Fatalf("%s: %d nodes", name, len(p.Nodes))
		}
		if diff := cmp.Diff(c.want, p.Nodes[0].Counters); diff != "" {
			t.Errorf("%s: phase (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.want, nodes(plan, c.start, c.end)[0].Counters); diff != "" {
			t.Errorf("%s: run (-want +got):\n%s", name, diff)
		}
	}
}

// A program that counts anew, ended or not, goes on from what it had counted; what stands at some height stands as it is.
func TestCountersGoOnOverARestart(t *testing.T) {
	t.Parallel()
	zero := time.Unix(1000, 0)
	before, after := tells(zero, 0, 9, 4, "").Nodes["a-1"], tells(zero, 1, 2, 1, "").Nodes["a-1"]
	want := map[string]float64{"done{q=\"a\"}": 11, "waiting_count": 1}
	if diff := cmp.Diff(want, before.Add(after).Counters); diff != "" {
		t.Errorf("ended (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, NodeCounters{}.Add(before.Resumed(after)).Add(after).Counters); diff != "" {
		t.Errorf("not ended (-want +got):\n%s", diff)
	}
	if got := (NodeCounters{}).Add(after.Resumed(before)).Counters; got != nil {
		t.Errorf("it counted on, and before it are %v", got)
	}
	if got := before.Add(NodeCounters{}); !got.Grows("done") || got.Grows("waiting_count") || got.Counters["done{q=\"a\"}"] != 9 {
		t.Errorf("ended and not begun: %+v", got)
	}
}
