package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// observeTimeout bounds one instance's answer; one that is stuck keeps its last counters.
const observeTimeout = 2 * time.Second

// Observe reads all counters now: the mesh's, every built-in node's own, and what CPU each
// container has used, as the engine counts it.
func (s *system) Observe(ctx context.Context) (runner.Observation, error) {
	o := runner.Observation{At: time.Now(), Edges: map[string]runner.EdgeCounters{}, Nodes: map[string]runner.NodeCounters{}}
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, m := range s.members {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.observeMember(ctx, m)
		})
	}
	stats, err := s.meshCounters(ctx)
	s.mu.Lock()
	o.MeshCPU, _ = s.meshCPU.read(ctx, s.engine, s.meshID)
	s.mu.Unlock()
	wait.Wait()
	if err != nil {
		return o, err
	}
	for name, e := range stats {
		o.Edges[name] = runner.EdgeCounters{
			Connections: e.Connections, Open: e.Open, Requests: e.Requests, BytesUp: e.BytesUp, BytesDown: e.BytesDown,
			FirstBytes: e.FirstBytes, FirstByteTotal: e.FirstByteTotal,
		}
	}
	for _, m := range s.members {
		m.countMu.Lock()
		c := m.counted.counters()
		c.Restarts = int(m.restarts.Load())
		o.Nodes[m.name()] = c
		m.countMu.Unlock()
	}
	return o, nil
}

// meshCounters are the mesh's counters by edge.
func (s *system) meshCounters(ctx context.Context) (map[string]mesh.EdgeStats, error) {
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

// observeMember reads one instance's counters. One that can't answer keeps its last ones.
func (s *system) observeMember(ctx context.Context, m *member) {
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	life := int(m.restarts.Load())
	var stats wire.Stats
	read := !m.place.image() && !m.away.Load() && s.readStats(ctx, m, &stats) == nil
	m.countMu.Lock()
	defer m.countMu.Unlock()
	cpu, used := m.cpu.read(ctx, s.engine, m.id)
	if int(m.restarts.Load()) != life {
		return // it was restarted while we read
	}
	if read {
		m.counted.read(life, stats)
	}
	if used {
		m.counted.used(life, cpu)
	}
}

func (s *system) readStats(ctx context.Context, m *member, into *wire.Stats) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.place.adminAddress()+wire.AdminStats, nil)
	if err != nil {
		return err
	}
	answer, err := m.admin.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}
