package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/runner/engine/withdrawal"
)

// retire ends an instance with SIGTERM: it takes nothing new and finishes what it has. Its callers are told first.
func (s *system) retire(ctx context.Context, m *member) error {
	if m.dead {
		return nil
	}
	if m.paused {
		if err := s.resume(ctx, m); err != nil {
			return err
		}
	}
	for _, untold := range m.stops {
		m.withdrawn = m.withdrawn || !untold
	}
	if m.withdrawn {
		s.withdrawal(m).Begin(ctx)
	}
	s.lastCounters(ctx, m)
	m.expected.Add(1)
	grace := int(withdrawal.DrainGrace.Seconds())
	if err := s.engine.api.ContainerStop(ctx, m.id, container.StopOptions{Signal: "SIGTERM", Timeout: &grace}); err != nil {
		m.expected.Add(-1)
		if !errdefs.IsConflict(err) && !errdefs.IsNotModified(err) {
			return fmt.Errorf("stop %s: %w", m.name(), err)
		}
	}
	m.dead = true
	return s.redirect(ctx, m, nobody)
}

// withdrawal is what the built-in instances that call this one are told.
func (s *system) withdrawal(m *member) withdrawal.Notice {
	w := withdrawal.Notice{Instance: m.name()}
	for _, e := range s.plan.Edges {
		caller := s.byName[e.From]
		if e.To != m.name() || caller == nil || caller.place.image() {
			continue
		}
		w.Callers = append(w.Callers, func(ctx context.Context, method, path string) error {
			if caller.away.Load() {
				return nil
			}
			return s.tell(ctx, caller, method, path, nil)
		})
	}
	return w
}
