package network

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// Host is one process on the network: all its connections and listeners. The network outlives it.
type Host struct {
	network *Network
	// ip is where its connections come from, place a number of that.
	ip    string
	place uint64
	// near: what crosses its connections is there before all else of the same instant.
	near bool

	// halted: it is stopped or dead; so that whoever runs needs no lock to see it.
	halted atomic.Bool

	mu        sync.Mutex
	moved     sync.Cond // stopped or dead has changed
	stopped   bool
	dead      bool
	waiting   int // who awaits that it goes on
	conns     map[*Conn]struct{}
	listeners map[*Listener]struct{}
}

// Host makes a process whose connections come from ip.
func (n *Network) Host(ip string) *Host {
	h := &Host{network: n, ip: ip, place: chance.Key(0, ip), conns: make(map[*Conn]struct{}), listeners: make(map[*Listener]struct{})}
	h.moved.L = &h.mu
	return h
}

// Near is Host for who is closer to everybody than all others are, as who orders faults is to be.
func (n *Network) Near(ip string) *Host {
	h := n.Host(ip)
	h.near = true
	return h
}

// Stop stops everything that the host does, as SIGSTOP does: whoever reads, writes, accepts, dials or closes waits
// until it goes on. What others send arrives, and others connect, as long as there is room: that is the
// kernel's doing, not the process's.
func (h *Host) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.halted.Store(true)
}

// Go lets a stopped host go on.
func (h *Host) Go() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped, h.waiting = false, 0
	h.halted.Store(h.dead)
	h.moved.Broadcast()
}

// Kill ends the host for ever, as SIGKILL does: its connections are closed (with a reset where it had not read
// everything), nobody listens on its addresses any more, and all it still tries fails with net.ErrClosed.
func (h *Host) Kill() {
	h.mu.Lock()
	h.dead = true
	h.halted.Store(true)
	conns, listeners := h.conns, h.listeners
	h.conns, h.listeners = nil, nil
	h.moved.Broadcast()
	h.mu.Unlock()
	for _, l := range slices.SortedFunc(maps.Keys(listeners), func(a, b *Listener) int { return cmp.Compare(a.address, b.address) }) {
		l.end()
	}
	for _, c := range slices.SortedFunc(maps.Keys(conns), func(a, b *Conn) int { return cmp.Compare(a.number, b.number) }) {
		c.end()
	}
}

// Await waits while the host is stopped; false: it is dead.
func (h *Host) Await() bool {
	for h.halted.Load() {
		h.mu.Lock()
		h.waiting++
		turn := h.waiting // they go on in the order in which they came
		for h.stopped && !h.dead {
			h.moved.Wait()
		}
		dead := h.dead
		h.mu.Unlock()
		if dead {
			return false
		}
		h.Turn(turn)
	}
	return true
}

// After rings after d, or a little later, at a moment when nothing else happens on the network, unless stop is called.
func (h *Host) After(d time.Duration) (rings <-chan time.Time, stop func()) {
	return h.network.after(h.place, d)
}

// Turn is for those on the host who are woken together: the nth, counted from 1, goes on n ns later, or a little later still, at a moment
// when nothing else happens on the network.
func (h *Host) Turn(nth int) { h.network.Turn(h.ip, nth) }

// keep takes a connection in; false: the host is dead.
func (h *Host) keep(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead {
		return false
	}
	h.conns[c] = struct{}{}
	return true
}

func (h *Host) forget(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

// Listen takes host:port; port 0 is any free one. The listener is a *Listener.
func (h *Host) Listen(ctx context.Context, _, address string) (net.Listener, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l := &Listener{host: h}
	l.arrived.L = &l.mu
	if !h.Await() {
		return nil, l.failure("listen", net.ErrClosed)
	}
	if err := h.network.claim(l, address); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead {
		h.network.release(l)
		return nil, l.failure("listen", net.ErrClosed)
	}
	h.listeners[l] = struct{}{}
	return l, nil
}

// Linux is the kernel whose TCP is modelled: the first with tcp_syn_linear_timeouts.
const Linux = "6.5"

// The kernel's defaults (ip-sysctl, net.ipv4): a SYN is repeated after tcp_syn_linear_timeouts waits of one second and
// one more, and then after waits that double, tcp_syn_retries times beyond the linear ones; the last wait ends in ETIMEDOUT.
// Older kernels have no linear ones, and repeat it after 1, 3, 7 ... 63 seconds and give up after 127.
const (
	SYNLinearTimeouts = 4
	synRetries        = 6
)

// SYNTimes are when a kernel with so many linear timeouts repeats a SYN, counted from the first; at the last one it gives up.
// With 4 that is after 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 and, for the end, 131 seconds.
func SYNTimes(linear int) []time.Duration {
	var out []time.Duration
	at, wait := time.Duration(0), time.Second
	for n := range linear + synRetries + 1 {
		at += wait
		out = append(out, at)
		if n >= linear {
			wait *= 2
		}
	}
	return out
}

var synTimes = SYNTimes(SYNLinearTimeouts)

// A SYN is sent a little after its caller began to wait, so that of a repetition and a timeout of as many seconds the
// timeout comes first.
const synDelay = time.Microsecond

// DialContext connects. Where nobody listens, or a listener refuses, it is refused at once; where a listener hangs or
// has no room for it, it knocks again as
// SYNTimes say.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	key := h.network.dialled(ctx, h.ip, address)
	if err := h.network.cross(ctx, key, h.near); err != nil {
		return fail(err)
	}
	began := time.Now().Add(synDelay)
	for _, again := range synTimes {
		if !h.Await() {
			return fail(net.ErrClosed)
		}
		l, from := h.network.find(address, h.ip)
		if l == nil {
			return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
		}
		near, err := l.knock(h, from, key)
		switch {
		case err == nil && h.keep(near):
			return near, nil
		case err == nil:
			near.end()
			return fail(net.ErrClosed)
		case !errors.Is(err, errSilence):
			return fail(os.NewSyscallError("connect", err))
		}
		rings, stop := h.network.after(key, time.Until(began.Add(again)))
		select {
		case <-rings:
		case <-ctx.Done():
			stop()
			return fail(ctx.Err())
		}
	}
	return fail(os.NewSyscallError("connect", syscall.ETIMEDOUT))
}
