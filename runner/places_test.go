package runner_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// A run whose counters do not add up at some node or edge says so, and where: one violation each, put into what the engine reads from
// the middle of the second phase on.
func TestPlantedViolations(t *testing.T) {
	for name, c := range map[string]struct {
		spoil       func(*runner.Observation)
		check, text string
	}{
		"none": {spoil: func(*runner.Observation) {}},
		"a request that never left a node": {
			func(o *runner.Observation) { change(o, func(n *runner.NodeCounters) { n.Stays.Out -= 50 }) },
			"flow by place", "api-1 in slow: "},
		"a node that had requests which the mesh has not seen": {
			func(o *runner.Observation) {
				change(o, func(n *runner.NodeCounters) { n.Stays.In += 5000; n.Stays.Out += 5000 })
			},
			"flow by place", "api-1 in slow: "},
		"requests of a node since it was read last":                           {func(o *runner.Observation) { miss(o, 0) }, "flow by place", "api-1 in slow: requests that it has had "},
		"requests of a node that stands still since it was read last":         {spoil: func(o *runner.Observation) { miss(o, 3*time.Second) }},
		"requests of a node that was ended, as nothing came any more":         {spoil: ended(250 * time.Millisecond)},
		"requests of a node that was ended at once, as nothing came any more": {ended(0), "flow by place", "api-1 in slow: requests that it has had "},
		"requests of a node whose counters took long to come": {
			spoil: func(o *runner.Observation) {
				miss(o, 0)
				change(o, func(n *runner.NodeCounters) { n.Took = 3 * time.Second })
			},
		},
		"requests of a node that the mesh told of late": {
			spoil: func(o *runner.Observation) {
				miss(o, 0)
				o.MeshTook = 3 * time.Second
			},
		},
		"an attempt without an end": {
			func(o *runner.Observation) {
				change(o, func(n *runner.NodeCounters) {
					calls := n.Calls["db-1"]
					calls.Attempts++
					n.Calls["db-1"] = calls
				})
			},
			"flow by place", "attempts api-1:db-1 in slow: begun are "},
		"an answer of the mesh without a request": {
			func(o *runner.Observation) {
				e := o.Edges["users:api-1"]
				e.Awaiting.Out++
				o.Edges["users:api-1"] = e
			},
			"flow by place", "users:api-1 in slow: "},
		"a node whose requests take no time": {
			func(o *runner.Observation) { change(o, func(n *runner.NodeCounters) { n.Stays.Took = 0 }) },
			"Little's law by place", "api-1 in slow: "},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				from := time.Now().Add(zero + 15*second)
				w.system.spoil = func(o *runner.Observation) {
					if o.At.After(from) {
						c.spoil(o)
					}
				}
				res, err := runner.Run(context.Background(), w.o)
				if err != nil {
					t.Fatal(err)
				}
				held := map[string]record.Check{}
				for _, one := range res.Checks {
					held[one.Name] = one
				}
				for _, name := range []string{"flow by place", "Little's law by place"} {
					one, is := held[name]
					if !is || one.OK != (name != c.check) || !one.OK && !strings.HasPrefix(one.Text, c.text) {
						t.Errorf("%s: %+v", name, one)
					}
				}
			})
		})
	}
}

// ended lets all stand as it is at the first reading, but for what came to the instance for so long before it was ended.
func ended(unseen time.Duration) func(*runner.Observation) {
	var last *runner.Observation
	return func(o *runner.Observation) {
		if last == nil {
			last = &runner.Observation{Nodes: maps.Clone(o.Nodes), Edges: maps.Clone(o.Edges)}
			miss(last, unseen)
		}
		o.Nodes, o.Edges = maps.Clone(last.Nodes), maps.Clone(last.Edges)
	}
}

// miss takes from a reading what came for so long before the instance was stopped.
func miss(o *runner.Observation, unseen time.Duration) {
	const came = 60
	change(o, func(n *runner.NodeCounters) {
		n.Stays.In, n.Stays.Out, n.Unseen = n.Stays.In-came, n.Stays.Out-came, unseen
		n.Stays.Took -= n.Stays.Took * came / time.Duration(n.Stays.Out+came)
		n.Stays.Area -= n.Stays.Area * came / time.Duration(n.Stays.Out+came)
		n.Counters = map[string]float64{"squall_requests_total": n.Counters["squall_requests_total"] - came, "squall_queue": 4}
	})
}

func change(o *runner.Observation, f func(*runner.NodeCounters)) {
	n := o.Nodes["api-1"]
	f(&n)
	o.Nodes["api-1"] = n
}
