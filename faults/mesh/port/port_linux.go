package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// port is a TCP port that can refuse and hang.
//
// The port stays taken by a second socket that is bound to it and does not listen. Refusing closes
// the listener: the kernel answers attempts with a reset (ECONNREFUSED), and nobody else can take
// the port. Hanging fills the listener's queue of connections to be accepted (see jam): the SYN is
// not answered, connect waits and repeats it after 1, 3, 7 ... seconds, so that an attempt that
// hangs gets through at its next repetition after the queue is served again, and a new one at once.
type port struct {
	address *net.TCPAddr
	reserve int // the bound socket

	// taking is held while a connection is taken off the queue, and while that is filled: it would else be taken, as one of a caller's, by who
	// had begun to accept before.
	taking sync.Mutex

	mu       sync.Mutex
	listener *net.TCPListener // nil while refusing
	changed  chan struct{}    // closed when listener changes
	jam      *jam             // not nil while hanging
	fillers  map[string]bool  // remote addresses of jams that are still to be taken off the queue
	closed   bool
	// refused and hung count what was turned away before the present spell.
	refused, hung int64
	dropsBefore   int64 // the listener's drops when hanging began
	resetsBefore  int64 // the kernel's resets when refusing began
}

var _ Port = (*port)(nil)

func listenPort(ctx context.Context, network, address string) (net.Listener, error) {
	if err := checkFree(ctx, network, address); err != nil {
		return nil, err
	}
	listener, err := listenShared(ctx, network, address)
	if err != nil {
		return nil, err
	}
	at, _ := listener.Addr().(*net.TCPAddr)
	p := &port{address: at, listener: listener, changed: make(chan struct{})}
	if p.reserve, err = reservePort(listener); err != nil {
		return nil, errors.Join(fmt.Errorf("reserve the port %s: %w", at, err), listener.Close())
	}
	return p, nil
}

// checkFree refuses an address that another port of this user, in another mesh perhaps, has already:
// the two would share its connections.
func checkFree(ctx context.Context, network, address string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

// listenShared listens in such a way that the port can be bound twice by this user. Multipath TCP is
// off: its sockets carry bytes more slowly and tell nothing of their queue.
func listenShared(ctx context.Context, network, address string) (*net.TCPListener, error) {
	config := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	}}
	config.SetMultipathTCP(false)
	l, err := config.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	listener, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s is not a TCP network", network), l.Close())
	}
	return listener, nil
}

// reservePort binds a second socket to a listener's address.
func reservePort(l *net.TCPListener) (int, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return -1, err
	}
	reserve := -1
	err = control(raw, func(fd int) error {
		at, err := unix.Getsockname(fd)
		if err != nil {
			return os.NewSyscallError("getsockname", err)
		}
		domain := unix.AF_INET
		if _, six := at.(*unix.SockaddrInet6); six {
			domain = unix.AF_INET6
		}
		s, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		if err := bindLike(s, fd, domain, at); err != nil {
			return errors.Join(err, unix.Close(s))
		}
		reserve = s
		return nil
	})
	return reserve, err
}

// bindLike binds s to the address of the socket fd.
func bindLike(s, fd, domain int, at unix.Sockaddr) error {
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(s, unix.SOL_SOCKET, option, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if domain == unix.AF_INET6 {
		only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if err := unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Bind(s, at); err != nil {
		return os.NewSyscallError("bind", err)
	}
	// Any listener may share the address with a socket that allows reuse and does not listen.
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0))
}

func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// Addr is the address, also while nothing listens there.
func (p *port) Addr() net.Addr { return p.address }

// Accept waits for the next connection, through refusing and hanging, until the port is closed.
func (p *port) Accept() (net.Conn, error) {
	for {
		p.mu.Lock()
		listener, changed, jammed, closed := p.listener, p.changed, p.jam != nil, p.closed
		p.mu.Unlock()
		switch {
		case closed:
			return nil, net.ErrClosed
		case listener == nil || jammed:
			<-changed
			continue
		}
		p.taking.Lock()
		c, err := listener.Accept()
		p.taking.Unlock()
		switch {
		case err == nil && p.filler(c):
			_ = c.Close() // it carried nothing
		case err == nil:
			return c, nil
		case !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded):
			return nil, err
		}
	}
}

// filler tells whether a connection is one of ours that kept the port hanging.
func (p *port) filler(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := c.RemoteAddr().String()
	was := p.fillers[at]
	delete(p.fillers, at)
	return was
}

// set makes listener the present one. p.mu is held.
func (p *port) set(listener *net.TCPListener) {
	p.listener = listener
	close(p.changed)
	p.changed = make(chan struct{})
}

// Refuse closes the listener. Connections that wait to be accepted at this moment are reset.
func (p *port) Refuse() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.listener == nil {
		return nil
	}
	p.settle()
	p.resetsBefore = resetsSent()
	before := p.listener
	jam := p.jam
	p.jam, p.fillers = nil, nil
	p.set(nil)
	return errors.Join(before.Close(), jam.Close())
}

// Hang leaves attempts to connect without an answer.
func (p *port) Hang() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.jam != nil {
		return nil
	}
	if err := p.listen(); err != nil {
		return err
	}
	if err := p.listener.SetDeadline(time.Unix(1, 0)); err != nil { // who accepts lets go
		return fmt.Errorf("hang %s: %w", p.address, err)
	}
	p.taking.Lock()
	defer p.taking.Unlock()
	jam, err := jamQueue(p.listener)
	if err != nil {
		return fmt.Errorf("fill the queue of %s: %w", p.address, err)
	}
	p.jam = jam
	p.dropsBefore = jam.drops
	return nil
}

// Serve takes connections.
func (p *port) Serve() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if p.jam != nil {
		p.settle()
		if p.fillers == nil {
			p.fillers = map[string]bool{}
		}
		for _, at := range p.jam.addresses {
			p.fillers[at] = true
		}
		err := errors.Join(p.jam.disperse(p.listener), p.jam.Close())
		p.jam = nil
		p.set(p.listener) // wakes Accept
		if err != nil {
			return err
		}
	}
	return p.listen()
}

// listen listens again after refusing. p.mu is held.
func (p *port) listen() error {
	if p.listener != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // it has an address, so there is nothing to wait for
	defer cancel()
	listener, err := listenShared(ctx, "tcp", p.address.String())
	if err != nil {
		return fmt.Errorf("listen again on %s: %w", p.address, err)
	}
	p.settle()
	p.set(listener)
	return nil
}

// Turned is how many attempts were refused and how many hung. Hung ones are exact, repetitions included. The kernel counts
// refused ones only for all ports of the network namespace together, so they are an upper bound:
// exact where the mesh has a namespace of its own.
func (p *port) Turned() (refused, hung int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, h := p.spell()
	return p.refused + r, p.hung + h
}

// spell is what was turned away since the present spell of refusing or hanging began. p.mu is held.
func (p *port) spell() (refused, hung int64) {
	switch {
	case p.closed:
	case p.listener == nil:
		refused = max(0, resetsSent()-p.resetsBefore)
	case p.jam != nil:
		raw, err := p.listener.SyscallConn()
		if err != nil {
			return 0, 0
		}
		_ = control(raw, func(fd int) error { // a listener that is closed has nothing to tell
			hung = max(0, drops(fd)-p.dropsBefore)
			return nil
		})
	}
	return refused, hung
}

// settle ends a spell's count. p.mu is held.
func (p *port) settle() {
	r, h := p.spell()
	p.refused += r
	p.hung += h
}

// Close gives the port up.
func (p *port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.settle()
	p.closed = true
	before, jam := p.listener, p.jam
	p.jam = nil
	p.set(nil)
	err := os.NewSyscallError("close", unix.Close(p.reserve))
	if before != nil {
		err = errors.Join(err, before.Close(), jam.Close())
	}
	return err
}
