package mesh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
)

// injection is what one Apply put on.
type injection struct {
	mu     sync.Mutex
	put    []put
	edges  []*coverage // one for each edge
	lifted atomic.Bool
}

// coverage is what crosses an edge while an injection is to be on, whether it is on or somebody has taken it off by hand.
type coverage struct {
	edge  *edge
	meter *link.Meter
	// requests and connections are what had crossed it before, over when it was lifted.
	requests, connections       int64
	requestsEnd, connectionsEnd int64
	// limited: it is about connections over a limit, which requests can tell nothing of.
	limited bool
}

// begin counts from here: with the requests that have no answer yet, and the connections that are open.
func (c *coverage) begin() {
	h := &c.edge.host
	c.requests, c.connections = h.Requests.Load()-c.edge.underWay(), h.Connections.Load()-h.Open.Load()
}

func (c *coverage) end() {
	c.requestsEnd, c.connectionsEnd = c.edge.host.Requests.Load(), c.edge.host.Connections.Load()
}

func (c *coverage) receipt() faults.Receipt {
	r := c.meter.Receipt()
	r.Crossed, r.CrossedConnections = c.requestsEnd-c.requests, c.connectionsEnd-c.connections
	if c.limited {
		r.Crossed = 0
	}
	return r
}

// put is one primitive on its edge: a toxic or an outage.
type put struct {
	edge   *edge
	toxic  *link.Toxic
	outage *link.Outage
}

// Apply puts toxics and outages on under one id, and returns when they are in force: what is read from
// now on meets them, on every open connection. On an error none of them stays. An id that is in
// force is taken (ErrExists), a lifted one begins anew.
func (m *Mesh) Apply(ctx context.Context, id string, primitives []faults.Primitive) error {
	i, err := m.prepare(id, primitives)
	if err == nil {
		err = m.putOn(ctx, id, i)
	}
	if err != nil {
		return fmt.Errorf("apply %q: %w", id, err)
	}
	return nil
}

// putOn puts on what was prepared. On an error none of it stays.
func (m *Mesh) putOn(ctx context.Context, id string, i *injection) error {
	m.atAMoment("apply " + id)
	i.mu.Lock()
	defer i.mu.Unlock()
	m.mu.Lock()
	if before := m.injections[id]; before != nil && !before.lifted.Load() {
		m.mu.Unlock()
		return ErrExists
	}
	m.injections[id] = i
	m.mu.Unlock()
	for _, c := range i.edges {
		c.begin()
	}
	for n, p := range i.put {
		err := ctx.Err()
		if err == nil {
			err = p.apply()
		}
		if err != nil {
			i.put = i.put[:n]
			m.mu.Lock()
			delete(m.injections, id)
			m.mu.Unlock()
			return errors.Join(err, i.lift())
		}
	}
	return nil
}

// prepare checks everything before anything is changed.
func (m *Mesh) prepare(id string, primitives []faults.Primitive) (*injection, error) {
	i := new(injection)
	edges := make(map[*edge]*coverage)
	for _, p := range primitives {
		e, err := m.edge(p.Edge)
		if err != nil {
			return nil, err
		}
		on := edges[e]
		if on == nil {
			on = &coverage{edge: e, meter: new(link.Meter)}
			edges[e] = on
			i.edges = append(i.edges, on)
		}
		one := put{edge: e}
		switch {
		case p.Op == faults.OpToxic && p.Toxic != nil:
			if one.toxic, err = link.NewToxic(*p.Toxic); err == nil {
				one.toxic.Meter, one.toxic.Owner = on.meter, id
			}
		case p.Op == faults.OpOutage && p.Outage != nil:
			var spec faults.EdgeOutage
			if spec, err = p.Outage.Complete(); err == nil {
				one.outage = link.NewOutage(spec, on.meter)
				on.limited = on.limited || spec.Most > 0
			}
		default:
			err = faults.Invalid("op", "is %q; an edge carries out a toxic or an outage, given with it", p.Op)
		}
		if err != nil {
			return nil, fmt.Errorf("on edge %q: %w", p.Edge, err)
		}
		i.put = append(i.put, one)
	}
	return i, nil
}

func (p put) apply() error {
	if p.toxic == nil {
		return p.edge.apply(p.outage)
	}
	p.edge.add(p.toxic)
	return nil
}

// Lift takes off exactly what Apply put on under id, and says what met it. What is held is on its
// way when it returns. An unknown id gives an empty receipt, a lifted one the same again.
func (m *Mesh) Lift(_ context.Context, id string) (faults.Receipt, error) {
	m.atAMoment("lift " + id)
	m.mu.Lock()
	i := m.injections[id]
	delete(m.prepared, id)
	m.mu.Unlock()
	if i == nil {
		return faults.Receipt{}, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var err error
	if i.lifted.CompareAndSwap(false, true) {
		for _, c := range i.edges {
			c.end()
		}
		err = i.lift()
	}
	var total faults.Receipt
	for _, c := range i.edges {
		total = total.Add(c.receipt())
	}
	if err != nil {
		err = fmt.Errorf("lift %q: %w", id, err)
	}
	return total, err
}

// lift takes everything off, in the opposite order.
func (i *injection) lift() error {
	var errs []error
	for n := len(i.put) - 1; n >= 0; n-- {
		p := i.put[n]
		if p.toxic != nil {
			p.edge.removeSerial(p.toxic.Serial)
			continue
		}
		errs = append(errs, p.edge.lift(p.outage))
	}
	return errors.Join(errs...)
}
