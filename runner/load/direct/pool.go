// Package direct is the connections of a load over which a database or Redis is asked in its own protocol.
package direct

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// Pool is as few connections as the load needs: of the idle ones of an edge the one used last is used next.
type Pool struct {
	to   *scenarios.Node
	dial func(ctx context.Context, edge int) (net.Conn, error)
	fit  func(net.Conn) bool

	mu   sync.Mutex
	idle [][]*conn

	closing sync.WaitGroup
}

// conn is one connection and what it runs over; raw is nil before its driver has dialled.
type conn struct {
	node.Direct
	raw net.Conn
}

// NotAsked is a question that never left: there was no connection for it.
type NotAsked struct{ Err error }

func (n *NotAsked) Error() string { return "connect: " + n.Err.Error() }
func (n *NotAsked) Unwrap() error { return n.Err }

// New is a pool over so many edges to a node. fit tells whether an idle connection can carry another question.
func New(edges int, to *scenarios.Node, dial func(ctx context.Context, edge int) (net.Conn, error), fit func(net.Conn) bool) *Pool {
	return &Pool{to: to, dial: dial, fit: fit, idle: make([][]*conn, edges)}
}

// Ask asks one question over an edge. What the server says in place of an answer is a *node.Refusal.
func (p *Pool) Ask(ctx context.Context, edge int, q node.Question) ([]byte, error) {
	c, err := p.get(ctx, edge)
	if err != nil {
		if said, is := errors.AsType[*node.Refusal](err); is {
			said.NotDone = true
			return nil, said
		}
		return nil, &NotAsked{err}
	}
	answer, err := c.Ask(ctx, q)
	if c.Broken() {
		p.drop(c)
		return answer, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle[edge] = append(p.idle[edge], c)
	return answer, err
}

// get is an idle connection over an edge that is fit, or a new one.
func (p *Pool) get(ctx context.Context, edge int) (*conn, error) {
	for {
		c := p.pop(edge)
		if c == nil {
			break
		}
		if c.raw == nil || p.fit(c.raw) {
			return c, nil
		}
		p.drop(c)
	}
	c := &conn{}
	var err error
	c.Direct, err = node.OpenDirect(ctx, func(ctx context.Context) (net.Conn, error) {
		raw, err := p.dial(ctx, edge)
		if c.raw == nil { // a driver may dial once more, to tell the server what was given up
			c.raw = raw
		}
		return raw, err
	}, p.to)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *Pool) pop(edge int) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	stack := p.idle[edge]
	if len(stack) == 0 {
		return nil
	}
	c := stack[len(stack)-1]
	p.idle[edge] = stack[:len(stack)-1]
	return c
}

// closeWithin bounds how long a connection's driver may take to end it.
const closeWithin = 5 * time.Second

// drop ends a connection; nobody waits for that but Close.
func (p *Pool) drop(c *conn) {
	p.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		c.Close(ctx)
	})
}

// Close ends all connections, when nothing is asked any more.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle = make([][]*conn, len(idle))
	p.mu.Unlock()
	for _, stack := range idle {
		for _, c := range stack {
			p.drop(c)
		}
	}
	p.closing.Wait()
}
