// Package network is a network in memory that behaves as TCP on one machine does: writes don't wait
// for readers until a buffer is full, connections have deadlines, half-close and resets, a connection to where
// nobody listens is refused, and a SYN that nobody answers is repeated as Linux 6.5 and later repeat it (see SYNTimes). Its errors are
// those of package net, so that whoever tells them apart by errors.Is and As can't see a difference.
//
// Nothing takes time but what waits for somebody. All waits are sync.Cond and package time, so that a network
// made within a bubble of virtual time lives by it; outside of one it works in real time.
//
// Everybody on it is a Host: what runs there can be stopped, as SIGSTOP does, and ended, as SIGKILL does.
package network

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// Network is one network. The zero value is ready and empty, and nothing takes time there. It is safe for concurrent use.
type Network struct {
	moments   *moments // nil: all lands at once
	mu        sync.Mutex
	listeners map[string]*Listener
	lastPort  int
	dials     map[way]uint64
	made      atomic.Int64 // numbers connections
}

// New is a network on which whatever crosses takes a few nanoseconds that follow from the seed, the
// two ends, the number of their connection and that of the crossing; no two things land at one moment. In a bubble of virtual
// time, where nobody decides the order of what happens at one instant, that makes one.
func New(seed uint64) *Network {
	return &Network{moments: &moments{seed: seed}}
}

// way is from an IP to an address.
type way struct{ from, to string }

// Numbered tells what a dial in the context is for. Where several dial at one instant, as once an outage is over, nobody decides in which
// order they do.
func Numbered(ctx context.Context, name string, number int64) context.Context {
	return context.WithValue(ctx, numberedKey{}, chance.Key(uint64(number), name))
}

type numberedKey struct{}

// dialled is the key of a dial and of the connection that comes of it: by what it is for, or by a count of such dials.
func (n *Network) dialled(ctx context.Context, from, to string) uint64 {
	if n.moments == nil {
		return 0
	}
	if key, is := ctx.Value(numberedKey{}).(uint64); is {
		return chance.Scramble(key)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dials == nil {
		n.dials = make(map[way]uint64)
	}
	n.dials[way{from, to}]++
	return chance.Scramble(chance.Key(n.dials[way{from, to}], from, to))
}

// Turn is for those of one place who are woken together: the nth, counted from 1, goes on n ns later, or a little later still, at a moment
// when nothing else happens on the network. Those of two places whose turn comes at one instant are told apart by where they are.
func (n *Network) Turn(place string, nth int) {
	if n.moments == nil {
		return
	}
	_ = n.moments.wait(context.Background(), func(e *event) { // that never ends
		e.key = chance.Key(uint64(nth), place)
		n.moments.put(e, time.Duration(nth))
	})
}

// after rings after d, or a little later, at a moment when nothing else happens on the network, unless stop is called. What two places
// begin to wait for at one instant, for as long, is told apart by where they are.
func (n *Network) after(place uint64, d time.Duration) (rings <-chan time.Time, stop func()) {
	if n.moments == nil {
		timer := time.NewTimer(d)
		return timer.C, func() { timer.Stop() }
	}
	c := make(chan time.Time, 1)
	e := &event{happen: func() { c <- time.Now() }, place: place}
	e.key = chance.Scramble(uint64(time.Now().UnixNano())) // of those due at one instant the first to begin is not always the first
	n.moments.put(e, max(d, 0))
	return c, func() { n.moments.forget(e) }
}

// After is Host.After for who is no host: the nth who waits at a place.
func (n *Network) After(place string, nth int64, d time.Duration) (rings <-chan time.Time, stop func()) {
	return n.after(chance.Key(uint64(nth), place), d)
}

// Keep is for what happens by itself after d, as a context ends: it is to do so at this time, d from now or a little later,
// when nothing else happens on the network. free is called when it has, or will not.
func (n *Network) Keep(d time.Duration) (at time.Time, free func()) {
	if n.moments == nil {
		return time.Now().Add(d), func() {}
	}
	kept := n.moments.keep(max(d, 0))
	return time.Unix(0, kept), func() { n.moments.free(kept) }
}

// cross waits for as long as a crossing of the key takes, or until ctx ends, whose error it returns then.
func (n *Network) cross(ctx context.Context, key uint64, near bool) error {
	if n.moments == nil {
		return nil
	}
	return n.moments.wait(ctx, func(e *event) { n.moments.draw(e, key, near, 0) })
}

// firstPort is where the ports begin that are given out.
const firstPort = 32768

// mostPort is the last one; then they begin anew.
const mostPort = 65535

// port is a port that was not given out for long. n.mu is held.
func (n *Network) port() string {
	if n.lastPort < firstPort || n.lastPort >= mostPort {
		n.lastPort = firstPort - 1
	}
	n.lastPort++
	return strconv.Itoa(n.lastPort)
}

// claim gives an address to a listener; port 0 is any free one.
func (n *Network) claim(l *Listener, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == "0" {
		for {
			address = net.JoinHostPort(host, n.port())
			if n.listeners[address] == nil {
				break
			}
		}
	}
	l.address = addr(address)
	if n.listeners[address] != nil {
		return l.failure("listen", syscall.EADDRINUSE)
	}
	if n.listeners == nil {
		n.listeners = make(map[string]*Listener)
	}
	n.listeners[address] = l
	return nil
}

// release gives a listener's address back.
func (n *Network) release(l *Listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[string(l.address)] == l {
		delete(n.listeners, string(l.address))
	}
}

// find is who listens on an address, nil: nobody. from is an address for the one who asks.
func (n *Network) find(address, host string) (_ *Listener, from addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listeners[address], addr(net.JoinHostPort(host, n.port()))
}

// addr is host:port.
type addr string

var _ net.Addr = addr("")

// Network is tcp.
func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }
