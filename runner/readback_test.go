package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What a replica holds are copies, which count as none.
func TestReplicasAreNoSurplus(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		plan := w.o.Plan
		replica := &scenarios.Node{Name: "copies", Kind: scenarios.KindDatabase}
		replica.ReplicaOf = "db"
		plan.Scenario.Nodes = append(plan.Scenario.Nodes, replica)
		for i := range 2 {
			plan.Instances = append(plan.Instances, topology.Instance{Name: fmt.Sprintf("copies-%d", i+1), Node: replica, Replica: i + 1})
		}
		w.loader.writes = []string{"db/a", "db/b"}
		w.o.ReadWrites = func(context.Context, func(context.Context) (net.Conn, error), topology.Instance) (map[string]int, error) {
			return map[string]int{"a": 1, "b": 2}, nil
		}
		res, err := runner.Run(t.Context(), w.o)
		if err != nil || res.Writes.Acknowledged != 2 || res.Writes.Duplicated != 1 || res.Writes.Lost != 0 || !res.Writes.Checked {
			t.Errorf("%+v, %v, want 2 acknowledged and the one surplus copy of b", res.Writes, err)
		}
	})
}

func TestWritesAreReadBack(t *testing.T) {
	cause := errors.New("Ctrl-C")
	for _, c := range []struct {
		name string
		read func(ctx context.Context, i topology.Instance) (map[string]int, error)
		cut  time.Duration
		want record.Writes
		err  error
	}{
		{name: "all there, over two instances",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				return map[string]map[string]int{"db-1": {"a": 1}, "db-2": {"b": 1, "c": 2}}[i.Name], nil
			},
			want: record.Writes{Acknowledged: 3, Duplicated: 1, Checked: true}},
		{name: "one lost",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				return map[string]map[string]int{"db-1": {"a": 1}, "db-2": {"b": 1}}[i.Name], nil
			},
			want: record.Writes{Acknowledged: 3, Lost: 1, Checked: true, Sample: []string{"db/c"}}},
		{name: "an instance does not answer",
			read: func(_ context.Context, i topology.Instance) (map[string]int, error) {
				if i.Name == "db-2" {
					return nil, errors.New("connection refused")
				}
				return nil, nil
			},
			want: record.Writes{Acknowledged: 3, Why: `read writes of "db-2" back: connection refused`}},
		{name: "interrupted",
			read: func(ctx context.Context, i topology.Instance) (map[string]int, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			},
			cut: zero + 35*second, err: cause,
			want: record.Writes{Acknowledged: 3, Why: `read writes of "db-1" back: Ctrl-C`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.o.Plan.Instances = append(w.o.Plan.Instances, topology.Instance{Name: "db-2", Node: w.o.Plan.Instances[0].Node, Replica: 2})
				w.loader.writes = []string{"db/a", "db/b", "db/c"}
				w.o.ReadWrites = func(ctx context.Context, _ func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
					return c.read(ctx, i)
				}
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if c.cut > 0 {
					stop := time.AfterFunc(c.cut, func() { cancel(cause) })
					defer stop.Stop()
				}
				res, err := runner.Run(ctx, w.o)
				if !errors.Is(err, c.err) || res.Partial != (c.err != nil) {
					t.Errorf("error %v, partial %v", err, res.Partial)
				}
				inPhases := int64(0) // the fake load writes in the warm-up
				c.want.InPhases = &inPhases
				if diff := cmp.Diff(c.want, res.Writes); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				if n := len(w.system.log); w.system.log[n-1][len(w.system.log[n-1])-4:] != "down" {
					t.Errorf("log: %q", w.system.log)
				}
			})
		})
	}
}
