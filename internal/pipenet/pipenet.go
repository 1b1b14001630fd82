// Package pipenet is a network in memory for tests: listeners and connections that behave like
// TCP's (buffered, with deadlines and half-close, refused where nobody listens) without a socket, so
// that whole topologies run in a bubble of virtual time. It is test support alone.
package pipenet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// Network is one network. The zero value is ready and empty. It is safe for concurrent use.
type Network struct {
	// Wrap, if set, may put itself between a new connection and its dialler, for faults of a test's own.
	Wrap func(address string, c net.Conn) net.Conn
	// Refuse, if set, tells whether a dial to the address is refused although somebody listens.
	Refuse func(address string) bool

	mu        sync.Mutex
	listeners map[string]*listener
	lastPort  int
	dials     map[string]int
}

// Listen takes an address; port 0 takes a free port.
func (n *Network) Listen(_ context.Context, _, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == "0" {
		n.lastPort++
		address = net.JoinHostPort(host, strconv.Itoa(20000+n.lastPort))
	}
	if n.listeners[address] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: addr(address), Err: syscall.EADDRINUSE}
	}
	l := &listener{network: n, address: addr(address), accept: make(chan net.Conn), closed: make(chan struct{})}
	if n.listeners == nil {
		n.listeners = make(map[string]*listener)
	}
	n.listeners[address] = l
	return l, nil
}

// DialContext connects, or is refused at once where nobody listens.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.lastPort++
	local := addr(net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+n.lastPort)))
	if n.dials == nil {
		n.dials = make(map[string]int)
	}
	n.dials[address]++
	n.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: syscall.ECONNREFUSED}
	if l == nil || n.Refuse != nil && n.Refuse(address) {
		return nil, refused
	}
	near, far := Pipe(local, l.address)
	select {
	case l.accept <- far:
		if n.Wrap != nil {
			return n.Wrap(address, near), nil
		}
		return near, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: ctx.Err()}
	}
}

// Dials counts the attempts to connect to an address.
func (n *Network) Dials(address string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[address]
}

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

type listener struct {
	network *Network
	address addr
	accept  chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

var _ net.Listener = (*listener)(nil)

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.address, Err: net.ErrClosed}
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.address))
	})
	return nil
}

func (l *listener) Addr() net.Addr { return l.address }
