package host

import (
	"context"
	"net/http/httptrace"
)

// Connecting has an attempt's span know when the attempt has its connection: until then it waits for one, of the pool or new.
func (i *Instance) Connecting(ctx context.Context, c Trace) context.Context {
	out := &connecting{Context: ctx, i: i, cause: c}
	if outer := httptrace.ContextClientTrace(ctx); outer != nil {
		out.trace, out.outer = *outer, outer.GotConn
	}
	out.trace.GotConn = out.got
	return out
}

// connecting is a context with a client's trace, which is what httptrace.WithClientTrace makes too: but that puts a new trace and the
// one of the reverse proxy together by reflection, for every request.
type connecting struct {
	context.Context
	i     *Instance
	cause Trace
	trace httptrace.ClientTrace
	outer func(httptrace.GotConnInfo)
}

func (c *connecting) got(info httptrace.GotConnInfo) {
	c.i.Starts(c.cause)
	if c.outer != nil {
		c.outer(info)
	}
}

// Value is the trace for who looks for one.
func (c *connecting) Value(key any) any {
	if key == traceKey {
		return &c.trace
	}
	return c.Context.Value(key)
}

// traceKey is what httptrace looks for, which it does not tell: so it is asked to look.
var traceKey = func() any {
	asked := &keyOf{Context: context.Background()}
	httptrace.ContextClientTrace(asked)
	return asked.key
}()

// keyOf remembers what it was asked for.
type keyOf struct {
	context.Context
	key any
}

func (k *keyOf) Value(key any) any {
	k.key = key
	return nil
}
