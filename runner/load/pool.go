package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/squallhq/squall/runner/load/peek"
	"github.com/squallhq/squall/runner/load/secure"
)

// pool is the connections of one load. Each edge has a stack of idle ones: the one used last is
// used next, so that there are as few as the load needs.
type pool struct {
	edges []string
	dial  func(ctx context.Context, edge string) (net.Conn, error)
	tls   *tls.Config // nil: none is spoken

	interrupted atomic.Bool
	mu          sync.Mutex
	idle        [][]*conn
	all         map[*conn]struct{}
}

// conn is one connection and its buffers.
type conn struct {
	net.Conn
	edge   int
	reader *bufio.Reader
	buf    []byte
	used   bool // it has carried a request before
}

func newPool(edges []string, dial func(context.Context, string) (net.Conn, error), config *tls.Config) *pool {
	return &pool{edges: edges, dial: dial, tls: config, idle: make([][]*conn, len(edges)), all: map[*conn]struct{}{}}
}

// get is an idle connection over an edge, or a new one.
func (p *pool) get(ctx context.Context, edge int, deadline time.Time) (*conn, error) {
	for {
		c := p.pop(edge)
		if c == nil {
			break
		}
		if alive(c) {
			return c, nil
		}
		p.drop(c)
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	raw, err := p.dial(ctx, p.edges[edge])
	if err != nil {
		return nil, dialError{err}
	}
	if p.tls != nil {
		if raw, err = secure.Client(ctx, raw, p.tls); err != nil {
			return nil, dialError{err}
		}
	}
	c := &conn{Conn: raw, edge: edge, reader: bufio.NewReader(raw)}
	p.mu.Lock()
	p.all[c] = struct{}{}
	p.mu.Unlock()
	return c, nil
}

func (p *pool) pop(edge int) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	stack := p.idle[edge]
	if len(stack) == 0 {
		return nil
	}
	c := stack[len(stack)-1]
	stack[len(stack)-1] = nil
	p.idle[edge] = stack[:len(stack)-1]
	return c
}

// put gives a connection back for another request.
func (p *pool) put(c *conn) {
	c.used = true
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle[c.edge] = append(p.idle[c.edge], c)
}

// drop closes a connection for good.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	delete(p.all, c)
	p.mu.Unlock()
	_ = c.Close()
}

// interrupt ends every exchange that is going on, and those to come, at once.
func (p *pool) interrupt() {
	p.interrupted.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		_ = c.SetDeadline(time.Unix(1, 0))
	}
}

// arm sets a connection's deadline for one exchange. An interruption that comes before it is
// seen by the flag, one that comes after it overrides the deadline.
func (p *pool) arm(c *conn, deadline time.Time) error {
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	if p.interrupted.Load() {
		return context.Canceled
	}
	return nil
}

// close closes all connections, when nothing is in flight any more.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		_ = c.Close()
	}
	p.all, p.idle = map[*conn]struct{}{}, make([][]*conn, len(p.edges))
}

// alive tells whether an idle connection can carry another request: its peer has not closed it,
// and nothing unasked has come in. It does not wait.
func alive(c *conn) bool { return fit(c.Conn) }

// fit is alive of a connection that something else keeps.
func fit(below net.Conn) bool {
	if t, ok := below.(*tls.Conn); ok {
		below = t.NetConn() // what comes in unasked is an alert that it closes: it is as good as an end
	}
	if s, ok := below.(syscall.Conn); ok {
		if open, known := peek.Open(s); known {
			return open
		}
	}
	if below.SetReadDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	defer func() { _ = below.SetReadDeadline(time.Time{}) }() // a connection that has ended fails where it is used
	// A pipe's end tells of a close even when its deadline has passed; a byte would be unasked.
	n, err := below.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
