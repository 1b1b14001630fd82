package host

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ShutdownGrace is how long a node that was asked to end may take to finish what it has begun.
const ShutdownGrace = 5 * time.Second

// Role is what an instance does.
type Role interface {
	// Serve answers the listener's connections until ctx ends, finishes what it has begun (for
	// shutdownGrace at most) and returns nil; any other end is an error. It closes the listener.
	Serve(ctx context.Context, l net.Listener) error
	// Close gives back what the role holds (pools, the log), after serve.
	Close() error
}

// Reconfigurable is a role that takes up another configuration in its place. Other roles are built anew.
type Reconfigurable interface {
	// change takes up next's configuration, or says why it can't and stays as it was.
	Reconfigure(next *Instance) error
}

// HTTPRole is a role that answers HTTP.
type HTTPRole struct {
	i       *Instance
	handler atomic.Pointer[http.Handler]
	closing func() error
}

// NewHTTPRole answers with a handler; closing gives back what the role holds, and may be nil.
func NewHTTPRole(i *Instance, handler http.Handler, closing func() error) *HTTPRole {
	r := &HTTPRole{i: i, closing: closing}
	r.handler.Store(&handler)
	return r
}

var _ Role = (*HTTPRole)(nil)

func (r *HTTPRole) Serve(ctx context.Context, l net.Listener) error {
	n := &r.i.Config.Node
	err := ServeHTTPUntil(ctx, limitConnections(l, n.Connections, r.i.Metrics), http.HandlerFunc(r.answer), n.HeaderTimeout, ShutdownGrace, r.i.CountUnserved)
	close(r.i.Halt) // handlers that are still at it have nobody left to answer
	r.i.Answering.Wait()
	return err
}

// ServeBeside answers HTTP while run delivers, until ctx ends: then what has arrived is answered first.
func (i *Instance) ServeBeside(ctx context.Context, l net.Listener, h http.Handler, run func(context.Context)) error {
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { run(delivering) })
	err := NewHTTPRole(i, h, nil).Serve(ctx, l)
	stop()
	running.Wait()
	return err
}

// answer has a request answered by whoever does that now.
func (r *HTTPRole) answer(w http.ResponseWriter, request *http.Request) {
	(*r.handler.Load()).ServeHTTP(w, request)
}

// Turn has the next requests answered as another role does.
func (r *HTTPRole) Turn(to *HTTPRole) { r.handler.Store(to.handler.Load()) }

func (r *HTTPRole) Close() error {
	if r.closing == nil {
		return nil
	}
	return r.closing()
}
