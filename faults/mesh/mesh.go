package mesh

import (
	"context"
	"errors"

	"github.com/squallhq/squall/faults"
)

// Options of a mesh. The zero value is useful.
type Options struct {
	// Seed of every draw: toxicity and jitter.
	Seed uint64
	// Network defaults to TCP sockets.
	Network Network
}

// Mesh carries edges in this process.
type Mesh struct {
	options Options
}

var (
	_ Control = (*Mesh)(nil)
	_ Proxies = (*Mesh)(nil)
)

// New makes a mesh without edges.
func New(o Options) *Mesh { return &Mesh{options: o} }

func (m *Mesh) Open(context.Context, []Edge) ([]Edge, error)     { return nil, errors.ErrUnsupported }
func (m *Mesh) OpenGroup(context.Context, Group) (string, error) { return "", errors.ErrUnsupported }
func (m *Mesh) SetUpstream(ctx context.Context, edge, addr string) error {
	return errors.ErrUnsupported
}
func (m *Mesh) Apply(ctx context.Context, id string, p []faults.Primitive) error {
	return errors.ErrUnsupported
}
func (m *Mesh) Lift(ctx context.Context, id string) (faults.Receipt, error) {
	return faults.Receipt{}, errors.ErrUnsupported
}
func (m *Mesh) Stats(context.Context) ([]EdgeStats, error) { return nil, errors.ErrUnsupported }
func (m *Mesh) Close() error                               { return nil }
func (m *Mesh) Proxies() []Proxy                           { return nil }
func (m *Mesh) Proxy(name string) (Proxy, error)           { return Proxy{}, errors.ErrUnsupported }
func (m *Mesh) CreateProxy(p Proxy) (Proxy, error)         { return Proxy{}, errors.ErrUnsupported }
func (m *Mesh) RemoveProxy(name string) error              { return errors.ErrUnsupported }
func (m *Mesh) UpdateProxy(name string, listen, upstream *string, enabled *bool) (Proxy, error) {
	return Proxy{}, errors.ErrUnsupported
}
func (m *Mesh) AddToxic(proxy string, t faults.Toxic) (faults.Toxic, error) {
	return faults.Toxic{}, errors.ErrUnsupported
}
func (m *Mesh) UpdateToxic(proxy, toxic string, toxicity *float64, attributes map[string]any) (faults.Toxic, error) {
	return faults.Toxic{}, errors.ErrUnsupported
}
func (m *Mesh) RemoveToxic(proxy, toxic string) error { return errors.ErrUnsupported }
func (m *Mesh) Reset() error                          { return errors.ErrUnsupported }
