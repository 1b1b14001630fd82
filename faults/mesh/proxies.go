package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
)

// Proxies lists every edge with its toxics, in the order in which the edges were made.
func (m *Mesh) Proxies() []Proxy {
	m.mu.Lock()
	edges := slices.Clone(m.order)
	m.mu.Unlock()
	all := make([]Proxy, 0, len(edges))
	for _, e := range edges {
		all = append(all, e.shown())
	}
	return all
}

// Proxy shows one edge.
func (m *Mesh) Proxy(name string) (Proxy, error) {
	e, err := m.edge(name)
	if err != nil {
		return Proxy{}, err
	}
	return e.shown(), nil
}

// CreateProxy makes an edge, disabled and with toxics where p says so. On an error none is left.
func (m *Mesh) CreateProxy(ctx context.Context, p Proxy) (Proxy, error) {
	list := make([]*link.Toxic, 0, len(p.Toxics))
	for _, spec := range p.Toxics {
		t, err := link.NewToxic(spec)
		if err != nil {
			return Proxy{}, err
		}
		list = append(list, t)
	}
	if p.Listen == "" {
		p.Listen = "127.0.0.1:0"
	}
	e, err := m.open(ctx, Edge{Name: p.Name, Listen: p.Listen, Upstream: p.Upstream})
	if err != nil {
		return Proxy{}, err
	}
	for _, t := range list {
		if _, err = e.addNamed(t); err != nil {
			break
		}
	}
	if err == nil {
		err = e.enable(p.Enabled)
	}
	if err != nil {
		m.unregister(e)
		return Proxy{}, err
	}
	return e.shown(), nil
}

// RemoveProxy ends an edge and its connections.
func (m *Mesh) RemoveProxy(name string) error {
	e, err := m.edge(name)
	if err != nil {
		return err
	}
	m.unregister(e)
	return nil
}

// UpdateProxy changes listen, upstream and enabled, those that are given. Open connections stay
// where they are unless the edge is disabled.
func (m *Mesh) UpdateProxy(ctx context.Context, name string, listen, upstream *string, enabled *bool) (Proxy, error) {
	e, err := m.edge(name)
	if err != nil {
		return Proxy{}, err
	}
	if upstream != nil && *upstream == "" {
		return Proxy{}, faults.Invalid("upstream", "is empty; use host:port")
	}
	if listen != nil {
		if err := e.moveTo(ctx, *listen); err != nil {
			return Proxy{}, err
		}
	}
	if upstream != nil {
		e.setUpstream(*upstream)
	}
	if enabled != nil {
		if err := e.enable(*enabled); err != nil {
			return Proxy{}, err
		}
	}
	return e.shown(), nil
}

// moveTo listens elsewhere. The old address is given up when the new one is taken.
func (e *edge) moveTo(ctx context.Context, address string) error {
	e.mu.Lock()
	before, same := e.listener, e.spec.Listen == address
	e.mu.Unlock()
	if same {
		return nil
	}
	if address == "" {
		return faults.Invalid("listen", "is empty; use host:port")
	}
	if err := e.listen(ctx, address); err != nil {
		return err
	}
	if before != nil {
		if err := before.Close(); err != nil {
			return fmt.Errorf("close the old listener of edge %q: %w", e.name, err)
		}
	}
	return nil
}

// AddToxic puts a toxic at the end of an edge's chain.
func (m *Mesh) AddToxic(proxy string, spec faults.Toxic) (faults.Toxic, error) {
	e, err := m.edge(proxy)
	if err != nil {
		return faults.Toxic{}, err
	}
	t, err := link.NewToxic(spec)
	if err != nil {
		return faults.Toxic{}, err
	}
	return e.addNamed(t)
}

// UpdateToxic changes a toxic where it stands, on open connections too.
func (m *Mesh) UpdateToxic(proxy, name string, change func(faults.Toxic) (faults.Toxic, error)) (faults.Toxic, error) {
	e, err := m.edge(proxy)
	if err != nil {
		return faults.Toxic{}, err
	}
	return e.update(name, change)
}

// RemoveToxic takes a toxic off, one that Apply put on too.
func (m *Mesh) RemoveToxic(proxy, name string) error {
	e, err := m.edge(proxy)
	if err != nil {
		return err
	}
	return e.remove(name)
}

// Reset enables every edge and takes every toxic off. Outages stay until they are lifted.
func (m *Mesh) Reset() error {
	m.mu.Lock()
	edges := slices.Clone(m.order)
	m.mu.Unlock()
	var errs []error
	for _, e := range edges {
		errs = append(errs, e.clear())
	}
	return errors.Join(errs...)
}
