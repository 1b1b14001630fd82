package mesh

import (
	"context"
	"fmt"
	"time"

	"github.com/squallhq/squall/faults"
)

// Scheduled is a Control whose primitives can be prepared first and put on, or taken off, at a time by its own clock: so that several meshes
// do it together.
type Scheduled interface {
	Control
	// Clock is its time now.
	Clock(context.Context) (time.Time, error)
	// Prepare checks primitives and keeps them under id; nothing is on yet. Lift forgets what was prepared.
	Prepare(ctx context.Context, id string, primitives []faults.Primitive) error
	// Commit puts on what was prepared under id, at a time, or at once where that is past, and tells when it was in force.
	Commit(ctx context.Context, id string, at time.Time) (time.Time, error)
	// LiftAt is Lift at a time, and tells when it was off; zero where it was already.
	LiftAt(ctx context.Context, id string, at time.Time) (faults.Receipt, time.Time, error)
}

var _ Scheduled = (*Mesh)(nil)

// Clock is this process's.
func (m *Mesh) Clock(context.Context) (time.Time, error) { return time.Now(), nil }

// Prepare checks primitives and keeps them under id. An id that is in force is taken (ErrExists).
func (m *Mesh) Prepare(_ context.Context, id string, primitives []faults.Primitive) error {
	i, err := m.prepare(id, primitives)
	if err != nil {
		return fmt.Errorf("prepare %q: %w", id, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.injections[id]; before != nil && !before.lifted.Load() {
		return fmt.Errorf("prepare %q: %w", id, ErrExists)
	}
	m.prepared[id] = i
	return nil
}

// Commit puts on what was prepared. On an error none of it stays, and it has to be prepared anew.
func (m *Mesh) Commit(ctx context.Context, id string, at time.Time) (time.Time, error) {
	if err := m.waitUntil(ctx, at); err != nil {
		return time.Time{}, fmt.Errorf("commit %q: %w", id, err)
	}
	m.mu.Lock()
	i := m.prepared[id]
	delete(m.prepared, id)
	m.mu.Unlock()
	if i == nil {
		return time.Time{}, fmt.Errorf("commit %q, which was not prepared: %w", id, ErrNotFound)
	}
	if err := m.putOn(ctx, id, i); err != nil {
		return time.Time{}, fmt.Errorf("commit %q: %w", id, err)
	}
	return time.Now(), nil
}

// LiftAt takes off what is on under id at a time, and forgets what was prepared.
func (m *Mesh) LiftAt(ctx context.Context, id string, at time.Time) (faults.Receipt, time.Time, error) {
	if err := m.waitUntil(ctx, at); err != nil {
		return faults.Receipt{}, time.Time{}, fmt.Errorf("lift %q: %w", id, err)
	}
	m.mu.Lock()
	i := m.injections[id]
	m.mu.Unlock()
	on := i != nil && !i.lifted.Load()
	receipt, err := m.Lift(ctx, id)
	if !on {
		return receipt, time.Time{}, err
	}
	return receipt, time.Now(), err
}

// waitUntil waits for a time, to the microsecond where the system can.
func (m *Mesh) waitUntil(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	if m.clock != nil {
		m.clock.At(time.Now().Add(wait), nil)
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-m.done:
		return ErrClosed
	}
}
