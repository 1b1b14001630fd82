package engine

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// Observe reads the mesh's counters and every instance's, whatever is being done to it just now. One that is ended or
// stands still has what it was read to have before; one that does not answer is marked. Counters of a restarted
// instance go on from what it had counted before.
func (s *system) Observe(ctx context.Context) (runner.Observation, error) {
	o := runner.Observation{Edges: map[string]runner.EdgeCounters{}, Nodes: map[string]runner.NodeCounters{}}
	var (
		stats   map[string]mesh.EdgeStats
		err     error
		reading sync.WaitGroup
	)
	for _, i := range s.instances {
		reading.Go(func() { i.read(ctx) })
	}
	reading.Go(func() { stats, err = s.traffic(ctx) })
	reading.Wait()
	o.At = time.Now()
	if err != nil {
		return o, err
	}
	for name, e := range stats {
		o.Edges[name] = runner.EdgeCounters{
			Connections: e.Connections, Open: e.Open, Requests: e.Requests,
			BytesUp: e.BytesUp, BytesDown: e.BytesDown,
			FirstBytes: e.FirstBytes, FirstByteTotal: e.FirstByteTotal, Answers: e.Answers,
			Unanswered: e.Unanswered, Awaiting: e.Awaiting, Lacked: e.Lacked,
		}
	}
	for _, i := range s.instances {
		o.Nodes[i.plan.Name] = i.counters()
	}
	if m, ok := s.testbed.(Meter); ok {
		o.MeshCPU, _ = m.CPU(ctx)
	}
	return o, nil
}

// traffic are the mesh's counters by edge.
func (s *system) traffic(ctx context.Context) (map[string]mesh.EdgeStats, error) {
	stats, err := s.mesh.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the mesh's counters: %w", err)
	}
	out := make(map[string]mesh.EdgeStats, len(stats))
	for _, e := range stats {
		out[e.Name] = e
	}
	return out, nil
}

// lastTimeout bounds the reading before an instance is ended: one that is stuck keeps its last counters.
const lastTimeout = 500 * time.Millisecond

// lastReading reads what an instance has counted just before it can't be asked any more.
func (i *instance) lastReading(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTimeout)
	defer cancel()
	i.read(ctx)
}

// read asks this incarnation for its counters. One that is away keeps its last ones, and so does one that does not answer,
// which is then unread.
func (i *instance) read(ctx context.Context) {
	if i.isAway() || i.standsStill() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	p := i.current()
	turn := i.asked.Add(1)
	var counters runner.NodeCounters
	var cpu time.Duration
	read := false
	if !i.image() {
		var stats wire.Stats
		if read = i.ask(ctx, http.MethodGet, i.adminURL(wire.AdminStats), nil, &stats) == nil; read {
			counters.Calls, counters.Counters = stats.Calls, stats.Counters
			counters.Stays, counters.Attempts, counters.Waits = stats.Stays, stats.Attempts, stats.Waits
		}
	}
	if m, ok := p.(Meter); ok {
		if used, told := m.CPU(ctx); told {
			cpu = used
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != p || i.away || turn < i.answered {
		return // it was ended while we read, or a later reading is done
	}
	i.answered = turn
	i.unread = !read && !i.image()
	if !read {
		counters = i.last
	}
	counters.CPU = max(cpu, i.last.CPU)
	i.last = counters
}

// standsStill tells that somebody else keeps it from running: what it has counted since it was read last is unknown.
func (i *instance) standsStill() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.unread = i.unread || i.still
	return i.still
}

// counters are those of all incarnations.
func (i *instance) counters() runner.NodeCounters {
	i.mu.Lock()
	defer i.mu.Unlock()
	total := i.before.Add(i.last)
	total.Restarts, total.Unread = i.restarts, i.unread || i.lost
	return total
}
