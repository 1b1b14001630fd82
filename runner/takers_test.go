package runner_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What went over a broker that keeps nothing is looked for with those who take from it: what none of them got is lost, all of it where
// there is nobody. It is unknown where one of them does not answer, or is an image that tells nothing.
func TestWhatABrokerDoesNotKeepIsLookedForWithItsTakers(t *testing.T) {
	core := &scenarios.Node{Name: "core", Kind: scenarios.KindQueue, Image: "nats:2.11", Delivery: scenarios.Delivery{Promise: scenarios.AtMostOnce}}
	taker := &scenarios.Node{Name: "taker", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
		{Match: "POST /", Steps: []scenarios.Step{{Pop: scenarios.Pop{Pop: "core"}}}}}}}
	stranger := &scenarios.Node{Name: "stranger", Kind: scenarios.KindImage, Image: "worker:1", Container: scenarios.Container{Calls: []string{"core"}}}
	got := func(i topology.Instance) (map[string]int, error) {
		return map[string]map[string]int{"taker-1": {"core/a": 1, "other/b": 1}, "taker-2": {"core/c": 2}}[i.Name], nil
	}
	for _, c := range []struct {
		name  string
		nodes []*scenarios.Node
		read  func(i topology.Instance) (map[string]int, error)
		want  record.Writes
	}{
		{"one of three lost, one twice", []*scenarios.Node{taker}, got,
			record.Writes{Acknowledged: 3, Lost: 1, Duplicated: 1, Checked: true, Sample: []string{"core/b"}}},
		{"nobody takes", nil, got,
			record.Writes{Acknowledged: 3, Lost: 3, Checked: true, Sample: []string{"core/a", "core/b", "core/c"}}},
		{"one does not answer", []*scenarios.Node{taker}, func(topology.Instance) (map[string]int, error) { return nil, errors.New("refused") },
			record.Writes{Acknowledged: 3, Why: `read back what "taker-1" got from "core": refused`}},
		{"an image takes too", []*scenarios.Node{taker, stranger}, got,
			record.Writes{Acknowledged: 3, Why: `what "core" gave to "stranger" is not known: it keeps nothing, and an image tells nothing of what it got`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.o.Plan.Scenario.Nodes = append(w.o.Plan.Scenario.Nodes, append(c.nodes, core)...)
				w.o.Plan.Instances = append(w.o.Plan.Instances, topology.Instance{Name: "core-1", Node: core, Replica: 1},
					topology.Instance{Name: "taker-1", Node: taker, Replica: 1}, topology.Instance{Name: "taker-2", Node: taker, Replica: 2})
				w.loader.writes = []string{"core/a", "core/b", "core/c"}
				w.o.ReadWrites = func(_ context.Context, _ func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
					if i.Node == core {
						t.Error("the broker itself is asked")
					}
					if i.Node != taker {
						return map[string]int{}, nil
					}
					return c.read(i)
				}
				res, err := runner.Run(t.Context(), w.o)
				if err != nil {
					t.Fatal(err)
				}
				c.want.InPhases = new(int64) // the fake load writes in the warm-up
				if diff := cmp.Diff(c.want, res.Writes); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
			})
		})
	}
}
