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
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Network is one network. The zero value is ready and empty. It is safe for concurrent use.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*Listener
	lastPort  int
	made      atomic.Int64 // numbers connections
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
