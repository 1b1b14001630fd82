package port

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// jam lets a listener hang: connections of our own fill its queue, which is made as short as it
// can be, and nobody takes them off. Linux does not answer a SYN to a listener whose queue is full.
// It needs no privilege, which a packet filter on the listener does on some kernels.
type jam struct {
	conns     []net.Conn
	addresses []string // of the conns, as the listener will see them
	drops     int64    // of the listener, when the jam stood
}

// The kernel lets one more connection wait than the backlog says, so one of ours is enough; a few more
// tries allow for real ones that take its place at the same moment.
const (
	shortest    = 0
	jamTries    = 8
	jamWait     = 250 * time.Millisecond
	fullBacklog = 4096 // the kernel cuts it to its own limit
)

// jamQueue fills the queue of a listener from which nobody accepts now. What is in the queue already stays there, connected and without an answer.
func jamQueue(l *net.TCPListener) (_ *jam, err error) {
	c := &jam{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.disperse(l), c.Close())
		}
	}()
	if err := backlog(l, shortest); err != nil {
		return nil, err
	}
	for range jamTries {
		full, drops, err := queue(l)
		if err != nil {
			return nil, err
		}
		if full {
			c.drops = drops
			return c, nil
		}
		conn, err := net.DialTimeout("tcp", reachable(l.Addr()), jamWait)
		if err != nil {
			continue // somebody was quicker; the next look at the queue tells
		}
		c.conns = append(c.conns, conn)
		c.addresses = append(c.addresses, conn.LocalAddr().String())
	}
	return nil, fmt.Errorf("the queue was not full after %d connections", len(c.conns))
}

// disperse serves the listener again.
func (c *jam) disperse(l *net.TCPListener) error {
	return errors.Join(backlog(l, fullBacklog), l.SetDeadline(time.Time{}))
}

// Close ends the jam's connections. A nil jam has none.
func (c *jam) Close() error {
	if c == nil {
		return nil
	}
	var err error
	for _, conn := range c.conns {
		err = errors.Join(err, conn.Close())
	}
	c.conns = nil
	return err
}

// backlog changes how many connections may wait.
func backlog(l *net.TCPListener, n int) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, func(fd int) error { return os.NewSyscallError("listen", unix.Listen(fd, n)) })
}

// queue tells whether as many connections wait as may, and what the listener has dropped so far.
func queue(l *net.TCPListener) (full bool, dropped int64, err error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return false, 0, err
	}
	err = control(raw, func(fd int) error {
		// Of a listener the kernel tells the queue's length and limit in these two fields.
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		full = info.Unacked > info.Sacked
		dropped = drops(fd)
		return nil
	})
	return full, dropped, err
}

// reachable is an address to dial a listener at.
func reachable(a net.Addr) string {
	at, ok := a.(*net.TCPAddr)
	if !ok || !at.IP.IsUnspecified() {
		return a.String()
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if at.IP.To4() == nil {
		loopback = net.IPv6loopback
	}
	return (&net.TCPAddr{IP: loopback, Port: at.Port}).String()
}
