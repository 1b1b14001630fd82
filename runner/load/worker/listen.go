package worker

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// helloWithin is how long who connects may take to say hello; conductorWithin is Options.Silence where nothing else is said.
const (
	helloWithin     = 10 * time.Second
	conductorWithin = time.Minute
)

// Listen is Serve on the first connection to a listener whose conductor shows the token and speaks this version; others are turned away. It ends with that
// connection, so that a generator whose conductor has gone is gone too.
func Listen(ctx context.Context, l net.Listener, o Options) error {
	if o.Token == "" {
		return errors.New("a generator that listens needs a token to know its conductor by")
	}
	if o.Silence == 0 {
		o.Silence = conductorWithin
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	var one sync.Mutex // whose turn it is
	served := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				served <- err
				return
			}
			go func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				_ = c.SetDeadline(time.Now().Add(helloWithin))
				s, err := greet(c, o)
				if err != nil || !one.TryLock() {
					return
				}
				_ = c.SetDeadline(time.Time{})
				served <- s.serve(ctx)
			}()
		}
	}()
	err := <-served
	_ = l.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
