package call

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// Class is how an attempt ended, as its caller counts it.
type Class int

const (
	// Failed: a transport error, a timeout, a status of 500 or more, 408 or 429. The breaker counts it.
	Failed Class = iota
	// Declined: the callee was well and said no (4xx, a wrong statement). Not the callee's failure, and no retry helps.
	Declined
	// Abandoned: this side's own caller was gone. It says nothing about the callee.
	Abandoned
	// Rejected: not attempted, a policy did not admit it.
	Rejected
	// Partial is no failure: there is an answer, and it is a degraded one. Caches do not keep it.
	Partial
)

// Failure is why a call did not succeed.
type Failure struct {
	Class Class
	// Status is what this node answers because of it: 502, 503 or 504.
	Status int
	// answered is the callee's own status, and header its answer's headers; 0 and nil where no answer came.
	answered int
	header   http.Header
	// Retryable tells that another attempt may help.
	Retryable bool
	// nonReplayable tells that the request can't be sent once more, to anybody.
	nonReplayable bool
	// noConnection tells that there was no connection, or that it broke.
	noConnection bool
	To           string
	Err          error
}

func (f *Failure) Error() string { return fmt.Sprintf("call %q: %s", f.To, f.Err) }
func (f *Failure) Unwrap() error { return f.Err }

// about tells whether a failure says something about the callee; nil, a success, does.
func (f *Failure) about() bool { return f == nil || f.Class == Failed || f.Class == Declined }

// bad tells whether it is the callee's failure.
func (f *Failure) bad() bool { return f != nil && f.Class == Failed }

var (
	errNoUpstream = errors.New("no such upstream")
	errBrokeOff   = errors.New("the answer broke off")
)

// reject is the failure of what a policy of calls to a node did not admit.
func reject(node string, why error) *Failure {
	return &Failure{Class: Rejected, Status: http.StatusServiceUnavailable, To: node, Err: why}
}

// Abandon is the failure of what ended with its caller's ctx.
func Abandon(ctx context.Context, to string) *Failure {
	return &Failure{Class: Abandoned, Status: StatusGone(ctx), To: to, Err: ctx.Err()}
}

// FailureOf sorts what went wrong with an attempt whose own context was attempt, within the call's context ctx.
func FailureOf(ctx, attempt context.Context, to string, timeout time.Duration, err error) *Failure {
	switch {
	case ctx.Err() != nil:
		return Abandon(ctx, to)
	case attempt.Err() != nil:
		late := fmt.Errorf("no answer within %s", timeout)
		return &Failure{Class: Failed, Status: http.StatusGatewayTimeout, Retryable: true, To: to, Err: late}
	default:
		return &Failure{Class: Failed, Status: http.StatusBadGateway, Retryable: true, noConnection: true, To: to, Err: err}
	}
}

// FailureStatus is the failure that an answer stands for, nil for one below 400.
func FailureStatus(to string, status int, h http.Header) *Failure {
	if status < 400 {
		return nil
	}
	f := &Failure{Class: Failed, Status: http.StatusBadGateway, answered: status, header: h, To: to}
	f.Err = fmt.Errorf("answered %d", status)
	switch {
	case status == http.StatusTooManyRequests:
	case status < 500 && status != http.StatusRequestTimeout:
		f.Class = Declined
	default:
		f.Retryable = true
	}
	return f
}

// astray is the failure that a redirect is which nobody declared: the callee was well, and did not do what it was asked.
func astray(to string, status int, h http.Header) *Failure {
	return &Failure{
		Class: Declined, Status: http.StatusBadGateway, answered: status, header: h, To: to,
		Err: fmt.Errorf("answered %d, a redirect to %q that nobody follows", status, h.Get("Location")),
	}
}

// StatusAbandoned is counted where the caller is gone and nobody reads the status (nginx's 499).
const StatusAbandoned = 499

// StatusGone is the answer to a caller that has left. One whose time is up may still be there, by its own clock.
func StatusGone(ctx context.Context) int {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return StatusAbandoned
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
