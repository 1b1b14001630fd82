package mesh

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
// the port. Hanging attaches a filter to the listener that drops every packet meant for it: the SYN is
// not answered, connect waits and repeats it after 1, 3, 7 ... seconds, so that an attempt that
// hangs gets through at its next repetition after the filter is gone, and a new one at once.
type port struct {
	address *net.TCPAddr
	reserve int // the bound socket

	mu       sync.Mutex
	listener *net.TCPListener // nil while refusing
	changed  chan struct{}    // closed when listener changes
	hanging  bool
	closed   bool
	// refused and hung count what was turned away before the present spell.
	refused, hung int64
	dropsBefore   int64 // the listener's drops when hanging began
	resetsBefore  int64 // the kernel's resets when refusing began
}

var _ Port = (*port)(nil)

func listenPort(ctx context.Context, network, address string) (net.Listener, error) {
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

// listenShared listens in such a way that the port can be bound twice by this user. Multipath TCP is
// off: its sockets take no filter and carry bytes more slowly.
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
	return os.NewSyscallError("bind", unix.Bind(s, at))
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
		listener, changed, closed := p.listener, p.changed, p.closed
		p.mu.Unlock()
		switch {
		case closed:
			return nil, net.ErrClosed
		case listener == nil:
			<-changed
			continue
		}
		c, err := listener.Accept()
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, net.ErrClosed) {
			return nil, err
		}
	}
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
	p.set(nil)
	p.hanging = false
	return before.Close()
}

// Hang drops what is sent to the listener.
func (p *port) Hang() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.hanging {
		return nil
	}
	if err := p.listen(); err != nil {
		return err
	}
	if err := p.filter(true); err != nil {
		return err
	}
	p.hanging = true
	return nil
}

// Serve takes connections.
func (p *port) Serve() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if p.hanging {
		if err := p.filter(false); err != nil {
			return err
		}
		p.settle()
		p.hanging = false
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

// filter attaches or detaches the filter that drops everything. p.mu is held.
func (p *port) filter(on bool) error {
	raw, err := p.listener.SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, func(fd int) error {
		if !on {
			return os.NewSyscallError("detach filter", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0))
		}
		p.dropsBefore = drops(fd)
		nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}} // keep 0 bytes of each packet
		err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(nothing)), Filter: &nothing[0]})
		return os.NewSyscallError("attach filter", err)
	})
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
	case p.hanging:
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
	before := p.listener
	p.set(nil)
	err := os.NewSyscallError("close", unix.Close(p.reserve))
	if before != nil {
		err = errors.Join(err, before.Close())
	}
	return err
}
