// Package stay is about topologies that stay up for people to look around in: how long, where nobody does, and the command that brings one up.
package stay

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
)

// Default is how long a topology stays up that nobody uses.
const Default = time.Hour

// Lease ends what nobody has used for so long. A nil one never ends.
type Lease struct {
	lasts time.Duration

	mu   sync.Mutex
	used time.Time // zero: not yet
}

// New is a lease that lasts so long after each use, the first one on: launching takes what it takes.
func New(lasts time.Duration) *Lease { return &Lease{lasts: lasts} }

// Renew tells that somebody is there.
func (l *Lease) Renew() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = time.Now()
}

// left is how long it lasts yet.
func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used.IsZero() {
		return l.lasts
	}
	return l.lasts - time.Since(l.used)
}

// Over is the cause of the end of what nobody has used.
type Over struct{ Lasts time.Duration }

func (o *Over) Error() string { return fmt.Sprintf("nobody was there for %s", o.Lasts) }

// Bound is a context that ends with the lease too, with an *Over as its cause.
func (l *Lease) Bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if l == nil {
		return ctx, func() { cancel(nil) }
	}
	go func() {
		for left := l.left(); ctx.Err() == nil; left = l.left() {
			if left <= 0 {
				cancel(&Over{l.lasts})
				return
			}
			timer := time.NewTimer(left)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// String says how long it lasts.
func (l *Lease) String() string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf(", or until nobody was there for %s (an order of squall ctl, a look at the page, a request to an entry)", l.lasts)
}

// Doors are addresses of which the entries, where loads go in, lead through doors of their own on this machine's loopback until ctx ends:
// whoever comes by one renews the lease. The load itself does not.
func (l *Lease) Doors(ctx context.Context, addresses []runner.Address) []runner.Address {
	out := append([]runner.Address(nil), addresses...)
	for i, a := range out {
		host, is := strings.CutPrefix(a.URL, "http://")
		if l == nil || !is || !strings.HasPrefix(a.What, "load ") {
			continue
		}
		if door, err := l.door(ctx, host); err == nil {
			out[i].URL = "http://" + door // else it is the entry itself, which renews nothing
		}
	}
	return out
}

// door leads to an address until ctx ends.
func (l *Lease) door(ctx context.Context, to string) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("open a door to %s: %w", to, err)
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // ctx has ended
			}
			l.Renew()
			go l.lead(ctx, c, to)
		}
	}()
	return listener.Addr().String(), nil
}

// lead carries one connection to an address and back.
func (l *Lease) lead(ctx context.Context, c net.Conn, to string) {
	defer c.Close()
	onward, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		return // whoever asked sees a connection that ends
	}
	defer onward.Close()
	stop := context.AfterFunc(ctx, func() { c.Close(); onward.Close() })
	defer stop()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(c, onward)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(onward, renewing{c, l})
	_ = onward.(*net.TCPConn).CloseWrite()
	<-answered
}

// renewing is what somebody sends, by which they are there.
type renewing struct {
	io.Reader
	lease *Lease
}

func (r renewing) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.lease.Renew()
	}
	return n, err
}
