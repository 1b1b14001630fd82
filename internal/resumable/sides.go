package resumable

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Options of either side.
type Options struct {
	// Token is what the dialing side shows.
	Token string
	// Patience is how long the line may be without a connection; 0: DefaultPatience.
	Patience time.Duration
}

func (o Options) patience() time.Duration {
	if o.Patience > 0 {
		return o.Patience
	}
	return DefaultPatience
}

// Final is an error of a dial after which no other is worth it: what was to be reached is no more.
type Final struct{ Err error }

func (f *Final) Error() string { return f.Err.Error() }

func (f *Final) Unwrap() error { return f.Err }

// between is how long the dialing side waits from one try to the next.
const between = 200 * time.Millisecond

// Dial begins a line over connections that dial makes. It returns when the other side has answered for the first time: until ctx ends it is
// waited for. Where dial has a *Final error, the line ends with that.
func Dial(ctx context.Context, o Options, dial func(context.Context) (net.Conn, error)) (*Conn, error) {
	c, d := newConn(), &dialer{Options: o, dial: dial, line: rand.Text()}
	over, in, taken, err := d.again(ctx, c)
	if err != nil {
		return nil, err
	}
	go d.keep(c, over, in, taken)
	return c, nil
}

type dialer struct {
	Options
	dial func(context.Context) (net.Conn, error)
	line string
}

// again tries until the other side answers.
func (d *dialer) again(ctx context.Context, c *Conn) (net.Conn, *bufio.Reader, uint64, error) {
	for {
		over, in, taken, err := d.once(ctx, c)
		if err == nil {
			return over, in, taken, nil
		}
		if final, is := errors.AsType[*Final](err); is {
			return nil, nil, 0, final.Err
		}
		select {
		case <-time.After(between):
		case <-c.over:
			return nil, nil, 0, net.ErrClosed
		case <-ctx.Done():
			return nil, nil, 0, fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// once makes one connection, and greets.
func (d *dialer) once(ctx context.Context, c *Conn) (net.Conn, *bufio.Reader, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	over, err := d.dial(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	defer context.AfterFunc(ctx, func() { _ = over.SetDeadline(time.Unix(1, 0)) })() // a greeting may never come
	in := bufio.NewReaderSize(over, mostPart)
	var theirs greeting
	if err = writeGreeting(over, greeting{Version: version, Token: d.Token, Line: d.line, Taken: c.detach()}); err == nil {
		theirs, err = readGreeting(in)
	}
	if err != nil {
		_ = over.Close()
		return nil, nil, 0, err
	}
	return over, in, theirs.Taken, nil
}

// keep keeps the line carried until it ends.
func (d *dialer) keep(c *Conn, over net.Conn, in *bufio.Reader, taken uint64) {
	for {
		cut := c.carry(over, in, taken)
		select {
		case <-c.over:
			return
		default:
		}
		why := fmt.Errorf("%w: it could not be made again within %s", ErrCut, d.patience())
		ctx, cancel := context.WithTimeoutCause(context.Background(), d.patience(), fmt.Errorf("%w (it ended with: %w)", why, cut))
		var err error
		over, in, taken, err = d.again(ctx, c)
		cancel()
		if err != nil {
			c.end(err)
			return
		}
	}
}

// Accept waits for the line of whoever first shows the token, and keeps it carried by what that side connects anew. The listener is closed when the line
// has ended, or with ctx.
func Accept(ctx context.Context, l net.Listener, o Options) (*Conn, error) {
	if o.Token == "" {
		return nil, errors.New("who listens needs a token to know the other side by")
	}
	a := &acceptor{Options: o, begun: make(chan *Conn, 1)}
	failed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			over, err := l.Accept()
			if err != nil {
				failed <- err
				return
			}
			go a.greet(over)
		}
	}()
	select {
	case c := <-a.begun:
		go func() {
			a.wait(c)
			stop()
			_ = l.Close()
		}()
		context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
		return c, nil
	case err := <-failed:
		stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
}

type acceptor struct {
	Options
	begun chan *Conn

	mu   sync.Mutex
	line string
	conn *Conn // nil: nobody has come
}

// greet sees who has connected, and has that carry the line.
func (a *acceptor) greet(over net.Conn) {
	defer over.Close()
	_ = over.SetDeadline(time.Now().Add(greetWithin))
	in := bufio.NewReaderSize(over, mostPart)
	theirs, err := readGreeting(in)
	if err != nil || subtle.ConstantTimeCompare([]byte(theirs.Token), []byte(a.Token)) != 1 {
		return
	}
	a.mu.Lock()
	if a.conn == nil {
		a.conn, a.line = newConn(), theirs.Line
		a.begun <- a.conn
	}
	c, known := a.conn, a.line == theirs.Line
	a.mu.Unlock()
	if !known {
		return
	}
	if writeGreeting(over, greeting{Version: version, Taken: c.detach()}) != nil {
		return
	}
	_ = over.SetDeadline(time.Time{})
	_ = c.carry(over, in, theirs.Taken) // however it ends, the other side makes another
}

// wait returns when the line has ended, and ends one that is without a connection for too long.
func (a *acceptor) wait(c *Conn) {
	for {
		select {
		case <-c.over:
			return
		case <-time.After(between):
		}
		c.mu.Lock()
		alone := c.carrier == nil && time.Since(c.since) > a.patience()
		c.mu.Unlock()
		if alone {
			c.end(fmt.Errorf("%w: nobody has connected again for %s", ErrCut, a.patience()))
			return
		}
	}
}
