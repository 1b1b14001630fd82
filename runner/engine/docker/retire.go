package docker

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

const (
	// notice is the time between telling callers and ending: what they had chosen by then is sent.
	notice = 100 * time.Millisecond
	// drainGrace bounds how long an instance may take to finish what it has, in seconds.
	drainGrace = 10
	// tellTimeout bounds telling one caller; one that can't be told has to find out.
	tellTimeout = time.Second
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
		s.callers(ctx, m, http.MethodPut)
		time.Sleep(notice)
	}
	s.lastCounters(ctx, m)
	m.expected.Add(1)
	grace := drainGrace
	if err := s.engine.api.ContainerStop(ctx, m.id, container.StopOptions{Signal: "SIGTERM", Timeout: &grace}); err != nil {
		m.expected.Add(-1)
		if !errdefs.IsConflict(err) && !errdefs.IsNotModified(err) {
			return fmt.Errorf("stop %s: %w", m.name(), err)
		}
	}
	m.dead = true
	return s.redirect(ctx, m, nobody)
}

// callers tells the built-in instances that call this one that it is about to end (PUT), or back (DELETE).
func (s *system) callers(ctx context.Context, m *member, method string) {
	for _, e := range s.plan.Edges {
		caller := s.byName[e.From]
		if e.To != m.name() || caller == nil || caller.place.image() || caller.away.Load() {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, tellTimeout)
		_ = s.tell(bounded, caller, method, "/withdrawn/"+m.name(), nil)
		cancel()
	}
}
