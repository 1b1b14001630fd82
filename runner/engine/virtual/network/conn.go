package network

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// Conn is one end of a connection.
type Conn struct {
	host          *Host
	number        int64 // of the network's ends
	local, remote addr
	in, out       *stream
	closed        atomic.Bool
	// abrupt: closing sends a reset in place of a FIN.
	abrupt atomic.Bool
}

var _ net.Conn = (*Conn)(nil)

// pair is the two ends of a new connection. Their hosts don't know of them yet. What crosses it does so by its key.
func pair(a *Host, at addr, b *Host, to addr, key uint64) (near, far *Conn) {
	ways := new([2]stream)
	ends := new([2]Conn)
	for i := range ways {
		ways[i].init(a.network.moments, chance.Scramble(key+uint64(i)), a.near)
	}
	near, far = &ends[0], &ends[1]
	near.number, far.number = a.network.made.Add(1), a.network.made.Add(1)
	near.host, near.local, near.remote, near.in, near.out = a, at, to, &ways[0], &ways[1]
	far.host, far.local, far.remote, far.in, far.out = b, to, at, &ways[1], &ways[0]
	return near, far
}

// Read gives what has come. After the other end's FIN it is io.EOF, after its reset ECONNRESET; what came before is given first.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		if !c.host.Await() {
			return 0, c.failure("read", net.ErrClosed)
		}
		n, again, err := c.in.read(p, c.host)
		switch {
		case again:
		case err == nil || err == io.EOF:
			return n, err
		default:
			return n, c.failure("read", err)
		}
	}
}

// Write waits while the buffer is full.
func (c *Conn) Write(p []byte) (written int, _ error) {
	for {
		if !c.host.Await() {
			return written, c.failure("write", net.ErrClosed)
		}
		n, again, err := c.out.write(p[written:], c.host)
		written += n
		switch {
		case again:
		case err != nil:
			return written, c.failure("write", err)
		default:
			return written, nil
		}
	}
}

// Close ends both directions with a FIN; with a reset where something that came was not read, or SetLinger(0) was called.
func (c *Conn) Close() error {
	c.host.Await()
	if !c.end() {
		return c.failure("close", net.ErrClosed)
	}
	c.host.forget(c)
	return nil
}

// end closes it whatever its host does; false: it was closed.
func (c *Conn) end() bool {
	if !c.closed.CompareAndSwap(false, true) {
		return false
	}
	unread := c.in.leave()
	if unread || c.abrupt.Load() {
		c.in.refuse()
		c.out.breakOff()
	}
	c.out.finish(net.ErrClosed)
	return true
}

// reset closes it with a reset.
func (c *Conn) reset() {
	c.abrupt.Store(true)
	c.end()
}

// SetLinger with 0 makes closing send a reset and throw away what is under way, as TCP's does.
func (c *Conn) SetLinger(sec int) error {
	c.abrupt.Store(sec == 0)
	return nil
}

// CloseWrite ends this end's direction alone, with a FIN.
func (c *Conn) CloseWrite() error {
	if !c.host.Await() || c.closed.Load() {
		return c.failure("close", net.ErrClosed)
	}
	c.out.finish(os.NewSyscallError("write", syscall.EPIPE))
	return nil
}

// LocalAddr is this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline bounds reads and writes, those that wait now included.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline bounds reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.bound(&c.in.reading, t) }

// SetWriteDeadline bounds writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.bound(&c.out.writing, t) }

func (c *Conn) bound(d *deadline, t time.Time) error {
	if c.closed.Load() {
		return c.failure("set", net.ErrClosed)
	}
	d.set(t)
	return nil
}

func (c *Conn) failure(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
