package mesh

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/internal/scarce"
)

// edge is a listener, an upstream, the faults between them and the connections over it. Its mutex
// is never held while waiting for a connection or a client.
type edge struct {
	host link.Host
	mesh *Mesh
	name string
	key  uint64
	// base is the network's own latency each way, in front of all toxics.
	base []*link.Toxic

	mu       sync.Mutex
	spec     Edge
	listener net.Listener  // nil: reached over a group only
	toxics   []*link.Toxic // in the order in which they were put on
	outages  []*link.Outage
	limits   []*limit
	off      *link.Outage // while it is disabled
	brought  bool         // by hand: no plan has it
	links    map[*link.Link]struct{}
	numbers  int64
	serials  uint64
	closed   bool
	// refused and hung are what the port had turned away when it was last asked.
	refused, hung int64
}

func newEdge(m *Mesh, spec Edge) *edge {
	e := &edge{mesh: m, name: spec.Name, key: chance.Key(m.options.Seed, spec.Name), spec: spec, links: make(map[*link.Link]struct{})}
	e.host.Clock = m.clock
	e.host.Dial = func(ctx context.Context, number int64) (net.Conn, error) {
		if m.options.Dialling != nil {
			ctx = m.options.Dialling(ctx, e.name, number)
		}
		c, err := m.network.DialContext(ctx, "tcp", e.upstreamNow())
		e.heed(err)
		return c, err
	}
	if m.options.After != nil {
		e.host.After = func(way int64, wait time.Duration) (<-chan time.Time, func()) {
			return m.options.After(e.name, way, wait)
		}
	}
	if m.options.Turn != nil {
		e.host.Turn = func(nth int) { m.options.Turn(e.name, nth) }
	}
	if spec.Latency <= 0 && spec.Jitter <= 0 {
		return e
	}
	for _, stream := range []string{faults.Upstream, faults.Downstream} {
		t := &link.Toxic{Spec: faults.Toxic{
			Name: "base", Stream: stream, Toxicity: 1, Per: faults.PerConnection,
			Attributes: faults.LatencyToxic{Latency: faults.MillisOf(spec.Latency), Jitter: faults.MillisOf(spec.Jitter)},
		}}
		e.identify(t)
		e.base = append(e.base, t)
	}
	return e
}

// identify gives a toxic its serial and its key.
func (e *edge) identify(t *link.Toxic) {
	e.serials++
	t.Serial = e.serials
	t.Key = chance.Key(e.key, t.Spec.Name, t.Spec.Type(), t.Spec.Stream)
}

// heed counts a connection for which there was nothing left to make it with.
func (e *edge) heed(err error) {
	if err != nil && scarce.Lacked(err) {
		e.host.Lacked.Add(1)
	}
}

// listen opens the edge's listener and starts accepting.
func (e *edge) listen(ctx context.Context, address string) error {
	listener, err := e.mesh.network.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %q for edge %q: %w", address, e.name, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listener, e.spec.Listen = listener, listener.Addr().String()
	e.refused, e.hung = 0, 0
	if err := e.mesh.accept(listener, e.carry, e.heed); err != nil {
		return err
	}
	return e.steer()
}

// carry takes a new connection and returns at once. Its toxics are on before its first byte passes.
func (e *edge) carry(c net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		_ = c.Close()
		return
	}
	e.numbers++
	l := link.New(&e.host, e.numbers, c)
	e.links[l] = struct{}{}
	l.Reconcile(e.stream(true), e.stream(false), time.Now(), 0)
	outages := append(slices.Clone(e.outages), e.over(l)...)
	l.Arrive(outages)
	e.host.Connections.Add(1)
	e.host.Open.Add(1)
	e.mesh.workers.Go(func() {
		l.Run(outages)
		e.host.Open.Add(-1)
		e.mu.Lock()
		delete(e.links, l)
		e.leave(l)
		e.mu.Unlock()
	})
}

// stream is the toxics of one direction, in the order in which they act.
func (e *edge) stream(up bool) []*link.Toxic {
	var out []*link.Toxic
	for _, t := range slices.Concat(e.base, e.toxics) {
		if t.Up() == up {
			out = append(out, t)
		}
	}
	return out
}

// refresh brings the toxics as they are now to every connection. e.mu is held.
func (e *edge) refresh() {
	now := time.Now()
	up, down := e.stream(true), e.stream(false)
	for nth, l := range e.inOrder() {
		l.Reconcile(up, down, now, nth)
	}
}

// inOrder are the connections in the order in which they were made, so that in virtual time, where all
// that follows from a change happens at once, the same run is the same every time. e.mu is held.
func (e *edge) inOrder() []*link.Link {
	return slices.SortedFunc(maps.Keys(e.links), func(a, b *link.Link) int { return cmp.Compare(a.Number, b.Number) })
}

// steer makes the port do what the strictest outage asks of it. e.mu is held.
func (e *edge) steer() error {
	port, ok := e.listener.(port.Port)
	if !ok {
		return nil
	}
	var err error
	switch link.Strictest(e.outages) {
	case faults.NewHang:
		err = port.Hang()
	case faults.NewRefuse:
		err = port.Refuse()
	default:
		err = port.Serve()
	}
	if err != nil {
		return fmt.Errorf("steer the port of edge %q: %w", e.name, err)
	}
	return nil
}

// countTurned adds what the port has turned away since the last call to the outages that asked for it. e.mu is held.
func (e *edge) countTurned() {
	port, ok := e.listener.(port.Port)
	if !ok {
		return
	}
	refused, hung := port.Turned()
	fate := link.Strictest(e.outages)
	for _, o := range e.outages {
		if o.Spec.New != fate {
			continue
		}
		o.Meter.Refused.Add(refused - e.refused)
		o.Meter.Hung.Add(hung - e.hung)
	}
	e.refused, e.hung = refused, hung
}

// forgetTurned makes countTurned begin at this moment. e.mu is held.
func (e *edge) forgetTurned() {
	if port, ok := e.listener.(port.Port); ok {
		e.refused, e.hung = port.Turned()
	}
}

// apply puts an outage on, on open connections too.
func (e *edge) apply(o *link.Outage) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if o.Spec.Most > 0 {
		e.bound(o)
		return nil
	}
	e.countTurned()
	e.outages = append(e.outages, o)
	if err := e.steer(); err != nil {
		e.outages = e.outages[:len(e.outages)-1]
		return err
	}
	for _, l := range e.inOrder() {
		l.Apply(o)
	}
	e.forgetTurned() // the resets that this sent are no refusals
	return nil
}

// lift takes an outage off.
func (e *edge) lift(o *link.Outage) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if o.Spec.Most > 0 {
		e.unbound(o)
		return nil
	}
	i := slices.Index(e.outages, o)
	if i < 0 {
		return nil
	}
	e.countTurned()
	e.outages = slices.Delete(e.outages, i, i+1)
	o.End()
	err := e.steer()
	for nth, l := range e.inOrder() {
		l.Lift(o, nth)
	}
	return err
}

// underWay is how many requests of the edge's connections have no answer yet. e.mu is not held.
func (e *edge) underWay() (requests int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.links {
		if l.Waiting() {
			requests++
		}
	}
	return requests
}

// close ends the listener and every connection at once.
func (e *edge) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.listener != nil {
		_ = e.listener.Close() // it is not used any more
	}
	for _, l := range e.inOrder() {
		l.Close()
	}
}

func (e *edge) upstreamNow() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.spec.Upstream
}

func (e *edge) setUpstream(address string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spec.Upstream = address
}

// stats reads the counters.
func (e *edge) stats() EdgeStats {
	return EdgeStats{
		Name: e.name, Connections: e.host.Connections.Load(), Open: e.host.Open.Load(), Failed: e.host.Failed.Load(),
		Requests: e.host.Requests.Load(), BytesUp: e.host.BytesUp.Load(), BytesDown: e.host.BytesDown.Load(),
		FirstBytes: e.host.FirstBytes.Load(), FirstByteTotal: time.Duration(e.host.FirstByteTotal.Load()),
		Answers:    e.host.Answers.Read(),
		Unanswered: e.host.Unanswered.Load(), Awaiting: e.host.Awaiting.Read(time.Now()),
		Lacked: e.host.Lacked.Load(),
	}
}
