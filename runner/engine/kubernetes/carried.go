package kubernetes

import (
	"context"
	"fmt"
	"net"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/fleet"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// carried is the mesh of all pods.
type carried struct {
	*fleet.Fleet
	t *testbed
}

// Open opens edges, and what images call them by. Those of loads are told with the addresses of their pods.
func (m carried) Open(ctx context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	opened, err := m.Fleet.Open(ctx, edges)
	if err != nil {
		return nil, err
	}
	callers := map[*pod]bool{}
	for n := range opened {
		e := &opened[n]
		of, _ := m.t.Plan.Edge(e.Name)
		carrier := m.t.byName[m.t.set.Layout.Carrier[e.Name]]
		if !of.Client {
			callers[carrier] = true
		}
		if !of.Client && !carrier.place.Moves {
			continue
		}
		_, port, err := net.SplitHostPort(e.Listen)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", e.Name, err)
		}
		host := "127.0.0.1"
		if of.Client {
			host, _, _ = net.SplitHostPort(carrier.at(0)) // of two parts
		}
		e.Listen = net.JoinHostPort(host, port)
	}
	for caller := range callers {
		if caller.place.Reroutes != "" {
			if err := m.t.reroute(ctx, caller); err != nil {
				return nil, err
			}
			continue
		}
		if err := caller.openNames(ctx, m.Fleet); err != nil {
			return nil, fmt.Errorf("open what %q calls others by: %w", caller.place.Name, err)
		}
	}
	m.t.mu.Lock()
	defer m.t.mu.Unlock()
	for _, e := range opened {
		m.t.opened = append(m.t.opened, e.Name)
	}
	return opened, nil
}

// Stats are the counters of all edges. Where a mesh has begun anew, what it had counted is gone with its edges, and what there is now is none of it.
func (m carried) Stats(ctx context.Context) ([]mesh.EdgeStats, error) {
	all, err := m.Fleet.Stats(ctx)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, e := range all {
		there[e.Name] = true
	}
	m.t.mu.Lock()
	defer m.t.mu.Unlock()
	for _, name := range m.t.opened {
		if !there[name] {
			return nil, fmt.Errorf("the mesh beside %q has begun anew, without edge %q and what it had counted", m.t.set.Layout.Carrier[name], name)
		}
	}
	return all, nil
}

// openNames opens the addresses that an image calls, and what answers its lookups where faults change those.
func (p *pod) openNames(ctx context.Context, m *fleet.Fleet) error {
	for _, g := range p.place.Groups {
		if _, err := m.OpenGroup(ctx, g); err != nil {
			return err
		}
	}
	if !p.place.Resolves {
		return nil
	}
	return p.mesh.OpenNames(ctx, resolver, p.place.Names)
}

// resolver is where the lookups of an image are answered, in its pod.
var resolver = net.JoinHostPort(objects.Resolver, "53")
