package network

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// backlog is how many connections may wait to be accepted, Linux's somaxconn.
const backlog = 4096

// errSilence is a SYN that nobody answers.
var errSilence = errors.New("no answer")

// Listener accepts connections at one address. It can turn them away before they are made, as a closed
// port (Refuse) or a firewall that drops (Hang) does.
type Listener struct {
	host    *Host
	address addr

	mu       sync.Mutex
	arrived  sync.Cond // waiting or closed has changed
	waiting  []*Conn
	closed   bool
	refusing bool
	hanging  bool
	// refused and hung count the attempts that were turned away.
	refused, hung int64

	// last is when it accepted last: two that wait are not accepted at once. It is whose who accepts.
	last time.Time
}

var _ net.Listener = (*Listener)(nil)

// Accept waits for a connection.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.next()
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue // it was stopped meanwhile
		}
		if !l.host.keep(c) {
			c.end()
			return nil, l.failure("accept", net.ErrClosed)
		}
		return c, nil
	}
}

// next is the connection that has waited longest; nil: look again.
func (l *Listener) next() (*Conn, error) {
	if !l.host.Await() {
		return nil, l.failure("accept", net.ErrClosed)
	}
	if !l.last.IsZero() && !time.Now().After(l.last) {
		l.host.network.Turn(string(l.address), 1)
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && !l.closed {
		l.arrived.Wait()
	}
	if l.closed {
		return nil, l.failure("accept", net.ErrClosed)
	}
	if l.host.halted.Load() {
		return nil, nil
	}
	c := l.waiting[0]
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	if l.host.network.moments != nil {
		l.last = time.Now()
	}
	return c, nil
}

// knock asks for a connection and returns the asker's end of it; errSilence: nobody answers.
func (l *Listener) knock(from *Host, address addr, key uint64) (*Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, syscall.ECONNREFUSED
	case l.hanging:
		l.hung++
		return nil, errSilence
	case l.refusing:
		l.refused++
		return nil, syscall.ECONNREFUSED
	case len(l.waiting) >= backlog:
		return nil, errSilence
	}
	near, far := pair(from, address, l.host, l.address, key)
	l.waiting = append(l.waiting, far)
	l.arrived.Signal()
	return near, nil
}

// Refuse makes connecting fail at once with "connection refused". What was made before is still accepted.
func (l *Listener) Refuse() error { return l.turn(true, false) }

// Hang makes connecting wait: the attempt is not answered.
func (l *Listener) Hang() error { return l.turn(false, true) }

// Serve takes connections again.
func (l *Listener) Serve() error { return l.turn(false, false) }

func (l *Listener) turn(refusing, hanging bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing, l.hanging = refusing, hanging
	return nil
}

// Turned is how many attempts were refused and how many were left hanging so far, repetitions included.
func (l *Listener) Turned() (refused, hung int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused, l.hung
}

// Close gives the address back; connections that nobody has accepted are reset.
func (l *Listener) Close() error {
	if l.host.Await() {
		l.host.mu.Lock()
		delete(l.host.listeners, l)
		l.host.mu.Unlock()
	}
	if !l.end() {
		return l.failure("close", net.ErrClosed)
	}
	return nil
}

// end closes it whatever its host does; false: it was closed.
func (l *Listener) end() bool {
	l.mu.Lock()
	waiting := l.waiting
	again := l.closed
	l.waiting, l.closed = nil, true
	l.arrived.Broadcast()
	l.mu.Unlock()
	l.host.network.release(l)
	for _, c := range waiting {
		c.reset()
	}
	return !again
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.address }

func (l *Listener) failure(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.address, Err: err}
}
