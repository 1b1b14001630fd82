package process

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// Observe reads the mesh's counters and every instance's. One that can't answer keeps its last ones; counters of a
// restarted instance go on from what it had counted before.
func (s *system) Observe(ctx context.Context) (runner.Observation, error) {
	o := runner.Observation{Edges: map[string]runner.EdgeCounters{}, Nodes: map[string]runner.NodeCounters{}}
	var (
		stats   []mesh.EdgeStats
		err     error
		reading sync.WaitGroup
	)
	for _, i := range s.instances {
		reading.Go(func() { i.refresh(ctx) })
	}
	reading.Go(func() { stats, err = s.mesh.Stats(ctx) })
	reading.Wait()
	o.At = time.Now()
	if err != nil {
		return o, fmt.Errorf("read the mesh's counters: %w", err)
	}
	for _, e := range stats {
		o.Edges[e.Name] = runner.EdgeCounters{
			Connections: e.Connections, Open: e.Open, Requests: e.Requests,
			BytesUp: e.BytesUp, BytesDown: e.BytesDown,
			FirstBytes: e.FirstBytes, FirstByteTotal: e.FirstByteTotal,
		}
	}
	for _, i := range s.instances {
		o.Nodes[i.plan.Name] = i.counters()
	}
	if s.meshChild != nil {
		o.MeshCPU = cpuTime(s.meshChild.cmd.Process.Pid)
	}
	return o, nil
}

// refresh asks an instance for its counters if nobody acts on it just now and it can answer.
func (i *instance) refresh(ctx context.Context) {
	if !i.acts.TryLock() {
		return
	}
	defer i.acts.Unlock()
	if i.kills > 0 || i.pauses > 0 {
		return
	}
	_ = i.read(ctx) // then the last reading stands
}

// read asks this life for its counters. acts is held.
func (i *instance) read(ctx context.Context) error {
	var stats wire.Stats
	if err := i.admin(ctx, http.MethodGet, wire.AdminStats, nil, &stats); err != nil {
		return errors.Join(fmt.Errorf("read counters of %q", i.plan.Name), err)
	}
	counters := runner.NodeCounters{Calls: stats.Calls, Counters: stats.Counters}
	counters.CPU = cpuTime(i.current().cmd.Process.Pid)
	i.mu.Lock()
	i.last = counters
	i.mu.Unlock()
	return nil
}

// counters are those of all lives.
func (i *instance) counters() runner.NodeCounters {
	i.mu.Lock()
	defer i.mu.Unlock()
	total := i.before.Add(i.last)
	total.Restarts = i.restarts
	return total
}
