// Package fleet is several meshes as one: each carries edges of its own, and a fault that is on edges of several is prepared on all of them
// and then put on at one time, as each mesh's clock tells it. How far apart they came is in the receipt.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/clocks"
)

// Member is one mesh of a fleet.
type Member struct {
	// Name tells it from the others, for errors.
	Name string
	mesh.Scheduled
}

// Fleet is several meshes as one. It is safe for concurrent use.
type Fleet struct {
	members []*member
	// owner is which member carries an edge, by its name.
	owner   func(edge string) string
	changes *changes

	mu sync.Mutex
	// injections are what is on, or was, by their ids.
	injections map[string]*injection
}

// member is a mesh with what is known of its clock.
type member struct {
	Member
	mu     sync.Mutex
	offset clocks.Offset
}

var _ mesh.Control = (*Fleet)(nil)

// How often a member's clock is asked for when it joins, and before each injection: what leaves the least to doubt counts.
const (
	probes      = 8
	probesLater = 3
)

// New makes a fleet of meshes that are there, and compares their clocks. owner tells which of them carries an edge.
func New(ctx context.Context, members []Member, owner func(edge string) string) (*Fleet, error) {
	f := &Fleet{owner: owner, injections: map[string]*injection{}}
	for _, m := range members {
		f.members = append(f.members, &member{Member: m})
	}
	f.changes = newChanges(f.members)
	return f, f.each(f.members, func(_ int, m *member) error { return m.compare(ctx, probes) })
}

// compare compares a member's clock with this process's.
func (m *member) compare(ctx context.Context, times int) error {
	o, err := clocks.Measure(ctx, times, m.Clock)
	if err != nil {
		return fmt.Errorf("ask for its time: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset = m.offset.Better(o, o.At)
	return nil
}

// clock is what is known of a member's now.
func (m *member) clock() clocks.Offset {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.offset.Since(time.Now())
}

// each does something on members at the same time. Errors say whose they are.
func (f *Fleet) each(members []*member, do func(n int, m *member) error) error {
	errs := make([]error, len(members))
	var doing sync.WaitGroup
	for n, m := range members {
		doing.Go(func() {
			if err := do(n, m); err != nil {
				errs[n] = fmt.Errorf("mesh %s: %w", m.Name, err)
			}
		})
	}
	doing.Wait()
	return errors.Join(errs...)
}

// of is the member that carries an edge.
func (f *Fleet) of(edge string) (*member, error) {
	name := f.owner(edge)
	for _, m := range f.members {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("edge %q: no mesh carries it: %w", edge, mesh.ErrNotFound)
}

// share puts things by the members that carry their edges, in the members' order.
func share[T any](f *Fleet, all []T, edge func(T) string) ([]*member, map[*member][]T, error) {
	by := map[*member][]T{}
	for _, one := range all {
		m, err := f.of(edge(one))
		if err != nil {
			return nil, nil, err
		}
		by[m] = append(by[m], one)
	}
	var members []*member
	for _, m := range f.members {
		if by[m] != nil {
			members = append(members, m)
		}
	}
	return members, by, nil
}

// Open makes edges, each where it is carried, and returns them in order. Where one mesh can't, those of the others are there all the same:
// whoever opens edges takes the fleet down then.
func (f *Fleet) Open(ctx context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	members, by, err := share(f, edges, func(e mesh.Edge) string { return e.Name })
	if err != nil {
		return nil, err
	}
	opened := make([][]mesh.Edge, len(members))
	err = f.each(members, func(n int, m *member) (err error) {
		opened[n], err = m.Open(ctx, by[m])
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]mesh.Edge, 0, len(edges))
	for _, e := range edges {
		for _, one := range slices.Concat(opened...) {
			if one.Name == e.Name {
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// OpenGroup makes a group address, where its edges are carried: all of them by one mesh.
func (f *Fleet) OpenGroup(ctx context.Context, g mesh.Group) (string, error) {
	members, _, err := share(f, g.Edges, func(edge string) string { return edge })
	switch {
	case err != nil:
		return "", err
	case len(members) != 1:
		return "", fmt.Errorf("open the group on %q: its %d edges are carried by %d meshes, and can be by one alone", g.Listen, len(g.Edges), len(members))
	}
	at, err := members[0].OpenGroup(ctx, g)
	if err != nil {
		return "", fmt.Errorf("mesh %s: %w", members[0].Name, err)
	}
	return at, nil
}

// SetUpstream moves an edge's callee, where it is carried.
func (f *Fleet) SetUpstream(ctx context.Context, edge, address string) error {
	m, err := f.of(edge)
	if err != nil {
		return err
	}
	if err := m.SetUpstream(ctx, edge, address); err != nil {
		return fmt.Errorf("mesh %s: %w", m.Name, err)
	}
	return nil
}

// Stats reads every edge's counters, those of one mesh after those of another.
func (f *Fleet) Stats(ctx context.Context) ([]mesh.EdgeStats, error) {
	all := make([][]mesh.EdgeStats, len(f.members))
	err := f.each(f.members, func(n int, m *member) (err error) {
		all[n], err = m.Stats(ctx)
		return err
	})
	return slices.Concat(all...), err
}

// Close ends all meshes.
func (f *Fleet) Close() error {
	return f.each(f.members, func(_ int, m *member) error { return m.Close() })
}
