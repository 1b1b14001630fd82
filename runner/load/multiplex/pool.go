// Package multiplex is connections that carry many requests at once: HTTP/2, over TLS or not. It is net/http's, without its
// retries: a request is sent once, on the connection that it was given.
package multiplex

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Pool is the connections of one load, as few for each edge as have room.
type Pool struct {
	transport *http.Transport
	scheme    string
	edges     []edge
}

type edge struct {
	dialling chan struct{} // one dials at a time: the others wait for what comes of it
	mu       sync.Mutex
	open     []*connection
}

// New is a pool over so many edges. Without a config it speaks h2c.
func New(edges int, config *tls.Config, dial func(ctx context.Context, edge int) (net.Conn, error)) *Pool {
	p := &Pool{scheme: "http", edges: make([]edge, edges)}
	for i := range p.edges {
		p.edges[i].dialling = make(chan struct{}, 1)
	}
	var speaks http.Protocols
	if config == nil {
		speaks.SetUnencryptedHTTP2(true)
	} else {
		speaks.SetHTTP2(true)
		p.scheme = "https"
	}
	p.transport = &http.Transport{
		Protocols: &speaks, TLSClientConfig: config, DisableCompression: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			name, _, _ := strings.Cut(address, ":")
			n, err := strconv.Atoi(name)
			if err != nil {
				return nil, fmt.Errorf("dial %s: no edge", address)
			}
			conn, err := dial(ctx, n)
			if err != nil {
				return nil, err
			}
			return ctx.Value(socketKey{}).(*socket).over(conn), nil
		},
	}
	return p
}

// Do sends a request over an edge, once. The answer's body has to be read to its end, or closed.
func (p *Pool) Do(edge int, r *http.Request) (*http.Response, error) {
	conn, err := p.reserve(r.Context(), edge)
	if err != nil {
		return nil, err
	}
	r.URL.Scheme = p.scheme
	answer, err := conn.RoundTrip(r)
	if err != nil {
		return nil, conn.why(err)
	}
	return answer, nil
}

// reserve is a connection with room for one more request, which is kept for it.
func (p *Pool) reserve(ctx context.Context, n int) (*connection, error) {
	e := &p.edges[n]
	if c := e.free(); c != nil {
		return c, nil
	}
	select {
	case e.dialling <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-e.dialling }()
	if c := e.free(); c != nil {
		return c, nil
	}
	port := "80"
	if p.scheme == "https" {
		port = "443"
	}
	c := &connection{socket: &socket{}}
	var err error
	if c.ClientConn, err = p.transport.NewClientConn(context.WithValue(ctx, socketKey{}, c.socket), p.scheme, strconv.Itoa(n)+":"+port); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := c.Reserve(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("connect: %w", c.why(err))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open = append(e.open, c)
	return c, nil
}

// free is an open connection with room, reserved; connections that have ended are forgotten.
func (e *edge) free() *connection {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.open[:0]
	var found *connection
	for _, c := range e.open {
		if c.Err() != nil {
			_ = c.Close()
			continue
		}
		kept = append(kept, c)
		if found == nil && c.Available() > 0 && c.Reserve() == nil {
			found = c
		}
	}
	e.open = kept
	return found
}

// Close ends all connections.
func (p *Pool) Close() {
	for i := range p.edges {
		e := &p.edges[i]
		e.mu.Lock()
		for _, c := range e.open {
			_ = c.Close()
		}
		e.open = nil
		e.mu.Unlock()
	}
}
