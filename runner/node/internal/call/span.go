package call

import (
	"context"
	"net/http/httptrace"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// Connecting has an attempt's span know when the attempt has its connection: until then it waits for one, of the pool or new.
func (e *Executor) Connecting(ctx context.Context, c host.Trace) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { e.i.Starts(c) }})
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
	default:
		e.i.Ends(c, spanClasses[f.Class], f.answered, f.Err)
	}
}

// spanClasses are the classes of failures as spans have them.
var spanClasses = [...]host.SpanClass{
	Failed: host.SpanFailed, Declined: host.SpanDeclined, Abandoned: host.SpanGaveUp, Rejected: host.SpanRefused, Partial: host.SpanPartial,
}
