// Package socket is WebSocket's connections as a load speaks it: they stay open from one message to the next, until somebody cuts them.
package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// Pool is the connections of one load, idle ones by edge and path: the one used last is used next. One that was cut while it lay idle
// is found out by the message that is sent over it.
type Pool struct {
	client *http.Client
	most   int64

	mu   sync.Mutex
	idle map[string][]*Conn
}

// Conn is one connection.
type Conn struct {
	*websocket.Conn
	key string
}

// New is a pool. A message that comes may have so many bytes.
func New(dial func(ctx context.Context, edge int) (net.Conn, error), most int64) *Pool {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			name, _, _ := strings.Cut(address, ":")
			edge, err := strconv.Atoi(name)
			if err != nil {
				return nil, fmt.Errorf("dial %s: no edge", address)
			}
			return dial(ctx, edge)
		},
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a redirect is an answer, and not the right one
	return &Pool{client: &http.Client{Transport: transport, CheckRedirect: stay}, most: most, idle: map[string][]*Conn{}}
}

func key(edge int, target string) string { return strconv.Itoa(edge) + target }

// Idle is a connection that is not in use, nil where there is none.
func (p *Pool) Idle(edge int, target string) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key(edge, target)
	stack := p.idle[k]
	if len(stack) == 0 {
		return nil
	}
	c := stack[len(stack)-1]
	p.idle[k] = stack[:len(stack)-1]
	return c
}

// Refused is a server that answers the handshake as HTTP.
type Refused struct {
	Status int
	Err    error
}

func (r *Refused) Error() string { return r.Err.Error() }
func (r *Refused) Unwrap() error { return r.Err }

// Connect makes a connection over an edge, as a request says it: its target, host and headers.
func (p *Pool) Connect(ctx context.Context, edge int, as *http.Request) (*Conn, error) {
	target := as.URL.RequestURI()
	c, answer, err := websocket.Dial(ctx, "ws://"+strconv.Itoa(edge)+target, &websocket.DialOptions{
		HTTPClient: p.client, HTTPHeader: as.Header, Host: as.Host, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
			return nil, &Refused{answer.StatusCode, err}
		}
		return nil, err
	}
	c.SetReadLimit(p.most)
	return &Conn{c, key(edge, target)}, nil
}

// Exchange sends a text and gives the next message that comes. A connection on which that fails is closed; else it is idle again.
func (p *Pool) Exchange(ctx context.Context, c *Conn, message []byte) ([]byte, error) {
	err := c.Write(ctx, websocket.MessageText, message)
	var back []byte
	if err == nil {
		_, back, err = c.Read(ctx)
	}
	if err != nil {
		_ = c.CloseNow()
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle[c.key] = append(p.idle[c.key], c)
	return back, nil
}

// Closed is the code with which the other side has closed a connection; false: it has not.
func Closed(err error) (code int, is bool) {
	var said websocket.CloseError
	if errors.As(err, &said) {
		return int(said.Code), true
	}
	return 0, false
}

// Close ends all connections, when no message is on its way any more.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stack := range p.idle {
		for _, c := range stack {
			_ = c.CloseNow()
		}
	}
	p.idle = map[string][]*Conn{}
	p.client.CloseIdleConnections()
}
