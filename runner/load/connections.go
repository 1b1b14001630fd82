package load

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/direct"
	"github.com/squallhq/squall/runner/load/multiplex"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/rpc"
	"github.com/squallhq/squall/runner/load/secure"
	"github.com/squallhq/squall/runner/load/socket"
	"github.com/squallhq/squall/scenarios"
)

// connections are those of one load, and how many requests it may have in flight.
type connections struct {
	pool    *pool
	direct  *direct.Pool    // of a load that asks a database or Redis; nil: it does not
	streams *multiplex.Pool // of a load that speaks HTTP/2; nil: it does not
	methods *rpc.Methods    // of a load that speaks gRPC; nil: it does not
	sockets *socket.Pool    // of a load that speaks WebSocket; nil: it does not

	// limit is the most requests in flight, inFlight how many there are.
	limit    int64
	inFlight atomic.Int64
	// drives are those that have them, of a process in which several share them.
	drives atomic.Int64
}

// connect makes ready what a load's requests go over; nothing is dialled yet.
func connect(d runner.Drive, l *scenarios.Load, o Options) (*connections, error) {
	limit := l.MaxInFlight
	if limit <= 0 {
		limit = scenarios.DefaultMaxInFlight
	}
	if o.Commons != nil {
		return o.Commons.connect(d, l, o, limit)
	}
	return newConnections(d, l, o, d.Shard.Share(limit))
}

func newConnections(d runner.Drive, l *scenarios.Load, o Options, limit int) (*connections, error) {
	config, err := secure.Config(l, d.Credentials[l.Name])
	if err != nil {
		return nil, err
	}
	edges := order.Names(d.Edges[l.Name])
	c := &connections{pool: newPool(edges, d.Dial, config), limit: int64(limit)}
	c.drives.Store(1)
	dial := func(ctx context.Context, edge int) (net.Conn, error) {
		conn, err := d.Dial(ctx, edges[edge])
		if err != nil {
			return nil, dialError{err}
		}
		return conn, nil
	}
	switch p := l.Protocol(); {
	case p == scenarios.SQL || p == scenarios.Redis:
		if d.Targets[l.Name] == nil {
			return nil, fmt.Errorf("it speaks %s, and whom it goes to is not said", p)
		}
		c.direct = direct.New(len(edges), d.Targets[l.Name], secured(dial, config), fit)
	case p == scenarios.WebSocket:
		c.sockets = socket.New(secured(dial, config), o.MaxBody)
	case p == scenarios.GRPC:
		var descriptors []byte
		if l.Descriptors != nil {
			descriptors = l.Descriptors.Bytes
		}
		if c.methods, err = rpc.New(descriptors); err != nil {
			return nil, fmt.Errorf("descriptors: %w", err)
		}
		c.streams = multiplex.New(len(edges), config, dial)
	case l.HTTP == "2" || l.HTTP == "h2c":
		c.streams = multiplex.New(len(edges), config, dial)
	}
	return c, nil
}

// close closes all, when nothing is in flight any more, of the last drive that has them.
func (c *connections) close() {
	if c.drives.Add(-1) > 0 {
		return
	}
	c.pool.close()
	if c.direct != nil {
		c.direct.Close()
	}
	if c.streams != nil {
		c.streams.Close()
	}
	if c.sockets != nil {
		c.sockets.Close()
	}
}

// Commons are what several drives of one process have together, each for a part of the same loads: connections, and the limit of requests in
// flight. With them the parts are to the system what one whole drive is. Each drive begins after all have been prepared.
type Commons struct {
	mu sync.Mutex
	of map[string]*connections // by load
}

func (s *Commons) connect(d runner.Drive, l *scenarios.Load, o Options, limit int) (*connections, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.of[l.Name]; c != nil && c.drives.Load() > 0 {
		c.drives.Add(1)
		return c, nil
	}
	c, err := newConnections(d, l, o, limit)
	if err != nil {
		return nil, err
	}
	if s.of == nil {
		s.of = map[string]*connections{}
	}
	s.of[l.Name] = c
	return c, nil
}
