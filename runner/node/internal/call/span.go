package call

import (
	"context"
	"net/http/httptrace"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// Connecting has an attempt's span know when the attempt has its connection: until then it waits for one, of the pool or new.
func (e *Executor) Connecting(ctx context.Context, c host.Trace) context.Context {
	out := &connecting{Context: ctx, i: e.i, cause: c}
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
	i     *host.Instance
	cause host.Trace
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

// spanEnds is the end of an attempt that came to a failure, or to nil.
func (e *Executor) spanEnds(c host.Trace, f *Failure, how Ending) {
	switch {
	case f == nil && how == EndedBadly:
		e.i.Ends(c, host.SpanFailed, 0, errBrokeOff)
	case f == nil && how == GivenUp:
		e.i.Ends(c, host.SpanGaveUp, 0, nil)
	case f == nil:
		e.i.Ends(c, host.SpanOK, 0, nil)
	case f.Class == Abandoned: // which says it all
		e.i.Ends(c, host.SpanGaveUp, 0, nil)
	default:
		e.i.Ends(c, spanClasses[f.Class], f.answered, f.Err)
	}
}

// spanClasses are the classes of failures as spans have them.
var spanClasses = [...]host.SpanClass{
	Failed: host.SpanFailed, Declined: host.SpanDeclined, Abandoned: host.SpanGaveUp, Rejected: host.SpanRefused, Partial: host.SpanPartial,
}
