package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/runner/wire"
)

// Options of a mesh. The zero value is useful.
type Options struct {
	// Seed of every draw: toxicity and jitter.
	Seed uint64
	// Network defaults to TCP sockets.
	Network wire.Network
	// Dialling is what the network is told of a dial: which connection of which edge it is for. nil: nothing.
	Dialling func(ctx context.Context, edge string, number int64) context.Context
	// Turn is where the nth way of an edge's connections, from 1, waits for its turn, of those that a change of the faults lets go on together:
	// in virtual time all of them would at one instant, and in no order. So do changes of the faults and readings, under names of their own, or
	// what crosses in the very ns of one would be of the time before it or after. nil: at once.
	Turn func(name string, nth int)
	// After rings for one way of an edge's connections after a wait, unless stop is called: in virtual time at a moment when nothing else happens, or
	// a fault that is lifted in the very ns at which something is due would find it there or gone. nil: as timers do.
	After func(edge string, way int64, wait time.Duration) (rings <-chan time.Time, stop func())
}

// Mesh carries edges in this process. It is safe for concurrent use; its owner closes it.
type Mesh struct {
	options Options
	network wire.Network
	done    chan struct{} // closed by Close
	workers sync.WaitGroup
	journal journal
	clock   *port.Clock // nil in virtual time: the network in memory has no kernel behind it

	mu         sync.Mutex
	edges      map[string]*edge
	order      []*edge
	groups     []net.Listener
	injections map[string]*injection
	prepared   map[string]*injection // and not put on yet
	closed     bool
}

var (
	_ Control = (*Mesh)(nil)
	_ Proxies = (*Mesh)(nil)
)

// New makes a mesh without edges.
func New(o Options) *Mesh {
	m := &Mesh{options: o, network: o.Network, done: make(chan struct{}), edges: make(map[string]*edge), injections: make(map[string]*injection), prepared: make(map[string]*injection)}
	if m.network == nil {
		m.network = port.TCP{}
		m.clock = port.NewClock()
	}
	if m.clock != nil {
		m.workers.Go(m.clock.Run)
	}
	return m
}

// Open makes edges and returns them with the addresses that they listen on, in order. An edge
// without Listen is reached over groups only. On an error none of them is left.
func (m *Mesh) Open(ctx context.Context, specs []Edge) ([]Edge, error) {
	var made []*edge
	opened := make([]Edge, 0, len(specs))
	for _, spec := range specs {
		e, err := m.open(ctx, spec)
		if err != nil {
			for _, done := range made {
				m.unregister(done)
			}
			return nil, err
		}
		made = append(made, e)
		opened = append(opened, e.spec)
	}
	return opened, nil
}

// open makes one edge.
func (m *Mesh) open(ctx context.Context, spec Edge) (*edge, error) {
	switch {
	case spec.Name == "" || strings.Contains(spec.Name, "/"):
		return nil, faults.Invalid("name", "is %q; an edge needs a name without a slash", spec.Name)
	case spec.Upstream == "":
		return nil, faults.Invalid("upstream", "is missing for edge %q; use host:port", spec.Name)
	case spec.Latency < 0 || spec.Jitter < 0:
		return nil, faults.Invalid("latency", "of edge %q is %s ± %s; it can't be negative", spec.Name, spec.Latency, spec.Jitter)
	}
	e := newEdge(m, spec)
	if err := m.register(e); err != nil {
		return nil, err
	}
	if spec.Listen == "" {
		return e, nil
	}
	if err := e.listen(ctx, spec.Listen); err != nil {
		m.unregister(e)
		return nil, err
	}
	return e, nil
}

func (m *Mesh) register(e *edge) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	if m.edges[e.name] != nil {
		return fmt.Errorf("edge %q: %w", e.name, ErrExists)
	}
	m.edges[e.name] = e
	m.order = append(m.order, e)
	return nil
}

func (m *Mesh) unregister(e *edge) {
	m.mu.Lock()
	delete(m.edges, e.name)
	m.order = slices.DeleteFunc(m.order, func(o *edge) bool { return o == e })
	m.mu.Unlock()
	e.close()
}

// edge finds an edge by its name.
func (m *Mesh) edge(name string) (*edge, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	e := m.edges[name]
	if e == nil {
		return nil, fmt.Errorf("edge %q: %w", name, ErrNotFound)
	}
	return e, nil
}

// OpenGroup makes an address whose connections go over the group's edges in turn, skipping none,
// and returns it. Its connections have been made when their edge is chosen: an edge that refuses
// resets them, one that hangs freezes them.
func (m *Mesh) OpenGroup(ctx context.Context, g Group) (string, error) {
	edges := make([]*edge, 0, len(g.Edges))
	for _, name := range g.Edges {
		e, err := m.edge(name)
		if err != nil {
			return "", fmt.Errorf("open the group on %q: %w", g.Listen, err)
		}
		edges = append(edges, e)
	}
	if len(edges) == 0 {
		return "", faults.Invalid("edges", "are missing for the group on %q", g.Listen)
	}
	listener, err := m.network.Listen(ctx, "tcp", g.Listen)
	if err != nil {
		return "", fmt.Errorf("listen on %q for a group: %w", g.Listen, err)
	}
	next := 0
	err = m.accept(listener, func(c net.Conn) {
		edges[next].carry(c)
		next = (next + 1) % len(edges)
	}, func(err error) { edges[next].heed(err) })
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups = append(m.groups, listener)
	if m.closed {
		return "", errors.Join(ErrClosed, listener.Close())
	}
	return listener.Addr().String(), nil
}

// acceptPause is how long accepting waits after an error, as when no file descriptor is left.
const acceptPause = 10 * time.Millisecond

// accept hands a listener's connections to carry, one after the other, until the listener is closed, and failed what kept it from
// taking one. A mesh that is closed accepts nothing, and closes the listener.
func (m *Mesh) accept(listener net.Listener, carry func(net.Conn), failed func(error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.Join(ErrClosed, listener.Close())
	}
	m.workers.Go(func() {
		for {
			c, err := listener.Accept()
			if err == nil {
				carry(c)
				continue
			}
			if errors.Is(err, net.ErrClosed) {
				return
			}
			failed(err)
			select {
			case <-m.done:
				return
			case <-time.After(acceptPause):
			}
		}
	})
	return nil
}

// SetUpstream moves an edge's callee; open connections stay where they are.
func (m *Mesh) SetUpstream(_ context.Context, name, address string) error {
	e, err := m.edge(name)
	if err != nil {
		return fmt.Errorf("move the upstream: %w", err)
	}
	if address == "" {
		return faults.Invalid("upstream", "is missing for edge %q; use host:port", name)
	}
	e.setUpstream(address)
	return nil
}

// Stats reads every edge's counters, in the order in which the edges were made.
func (m *Mesh) Stats(context.Context) ([]EdgeStats, error) {
	m.atAMoment("stats")
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]EdgeStats, 0, len(m.order))
	for _, e := range m.order {
		all = append(all, e.stats())
	}
	return all, nil
}

// atAMoment waits for a moment, in virtual time, at which nothing else happens.
func (m *Mesh) atAMoment(of string) {
	if m.options.Turn != nil {
		m.options.Turn(of, 1)
	}
}

// Close ends all connections and listeners, and returns when nothing of the mesh runs any more. It
// may be called twice.
func (m *Mesh) Close() error {
	m.mu.Lock()
	if !m.closed {
		close(m.done)
	}
	m.closed = true
	edges := slices.Clone(m.order)
	groups := m.groups
	m.groups = nil
	m.mu.Unlock()
	var errs []error
	for _, g := range groups {
		errs = append(errs, g.Close())
	}
	for _, e := range edges {
		e.close()
	}
	if m.clock != nil {
		m.clock.Close()
	}
	m.workers.Wait()
	return errors.Join(errs...)
}
