package node

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// shutdownGrace is how long a node that was asked to end may take to finish what it has begun.
const shutdownGrace = 5 * time.Second

// role is what an instance does.
type role interface {
	// serve answers the listener's connections until ctx ends, finishes what it has begun (for
	// shutdownGrace at most) and returns nil; any other end is an error. It closes the listener.
	serve(ctx context.Context, l net.Listener) error
	// close gives back what the role holds (pools, the log), after serve.
	close() error
}

// changeable is a role that takes up another configuration in its place. Other roles are built anew.
type changeable interface {
	// change takes up next's configuration, or says why it can't and stays as it was.
	change(next *instance) error
}

// httpRole is a role that answers HTTP.
type httpRole struct {
	i       *instance
	handler atomic.Pointer[http.Handler]
	closing func() error
}

// newHTTPRole answers with a handler; closing gives back what the role holds, and may be nil.
func newHTTPRole(i *instance, handler http.Handler, closing func() error) *httpRole {
	r := &httpRole{i: i, closing: closing}
	r.handler.Store(&handler)
	return r
}

var _ role = (*httpRole)(nil)

func (r *httpRole) serve(ctx context.Context, l net.Listener) error {
	n := &r.i.config.Node
	err := serveHTTP(ctx, limitConnections(l, n.Connections, r.i.metrics), http.HandlerFunc(r.answer), n.HeaderTimeout, shutdownGrace)
	close(r.i.halt) // handlers that are still at it have nobody left to answer
	r.i.answering.wait()
	return err
}

// serveBeside answers HTTP while run delivers, until ctx ends: then what has arrived is answered first.
func (i *instance) serveBeside(ctx context.Context, l net.Listener, h http.Handler, run func(context.Context)) error {
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { run(delivering) })
	err := newHTTPRole(i, h, nil).serve(ctx, l)
	stop()
	running.Wait()
	return err
}

// answer has a request answered by whoever does that now.
func (r *httpRole) answer(w http.ResponseWriter, request *http.Request) {
	(*r.handler.Load()).ServeHTTP(w, request)
}

// turn has the next requests answered as another role does.
func (r *httpRole) turn(to *httpRole) { r.handler.Store(to.handler.Load()) }

func (r *httpRole) close() error {
	if r.closing == nil {
		return nil
	}
	return r.closing()
}
