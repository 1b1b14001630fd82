package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// class is how an attempt ended, as its caller counts it.
type class int

const (
	// failed: a transport error, a timeout, a status of 500 or more, 408 or 429. The breaker counts it.
	failed class = iota
	// declined: the callee was well and said no (4xx, a wrong statement). Not the callee's failure, and no retry helps.
	declined
	// abandoned: this side's own caller was gone. It says nothing about the callee.
	abandoned
	// rejected: not attempted, a policy did not admit it.
	rejected
	// partial is no failure: there is an answer, and it is a degraded one. Caches do not keep it.
	partial
)

// failure is why a call did not succeed.
type failure struct {
	class class
	// status is what this node answers because of it: 502, 503 or 504.
	status int
	// answered is the callee's own status, and header its answer's headers; 0 and nil where no answer came.
	answered int
	header   http.Header
	// retryable tells that another attempt may help.
	retryable bool
	// nonReplayable tells that the request can't be sent once more, to anybody.
	nonReplayable bool
	// noConnection tells that there was no connection, or that it broke.
	noConnection bool
	to           string
	err          error
}

func (f *failure) Error() string { return fmt.Sprintf("call %q: %s", f.to, f.err) }
func (f *failure) Unwrap() error { return f.err }

// about tells whether a failure says something about the callee; nil, a success, does.
func (f *failure) about() bool { return f == nil || f.class == failed || f.class == declined }

// bad tells whether it is the callee's failure.
func (f *failure) bad() bool { return f != nil && f.class == failed }

var errNoUpstream = errors.New("no such upstream")

// reject is the failure of what a policy of calls to a node did not admit.
func reject(node string, why error) *failure {
	return &failure{class: rejected, status: http.StatusServiceUnavailable, to: node, err: why}
}

// abandon is the failure of what ended with its caller's ctx.
func abandon(ctx context.Context, to string) *failure {
	return &failure{class: abandoned, status: statusGone(ctx), to: to, err: ctx.Err()}
}

// failureOf sorts what went wrong with an attempt whose own context was attempt, within the call's context ctx.
func failureOf(ctx, attempt context.Context, to string, timeout time.Duration, err error) *failure {
	switch {
	case ctx.Err() != nil:
		return abandon(ctx, to)
	case attempt.Err() != nil:
		late := fmt.Errorf("no answer within %s", timeout)
		return &failure{class: failed, status: http.StatusGatewayTimeout, retryable: true, to: to, err: late}
	default:
		return &failure{class: failed, status: http.StatusBadGateway, retryable: true, noConnection: true, to: to, err: err}
	}
}

// failureStatus is the failure that an answer stands for, nil for one below 400.
func failureStatus(to string, status int, h http.Header) *failure {
	if status < 400 {
		return nil
	}
	f := &failure{class: failed, status: http.StatusBadGateway, answered: status, header: h, to: to}
	f.err = fmt.Errorf("answered %d", status)
	switch {
	case status == http.StatusTooManyRequests:
	case status < 500 && status != http.StatusRequestTimeout:
		f.class = declined
	default:
		f.retryable = true
	}
	return f
}

// statusAbandoned is counted where the caller is gone and nobody reads the status (nginx's 499).
const statusAbandoned = 499

// statusGone is the answer to a caller that has left. One whose time is up may still be there, by its own clock.
func statusGone(ctx context.Context) int {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return statusAbandoned
}
