package node

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

var (
	deadlineExceededTotal = newCounter("squall_deadline_exceeded_total",
		"Requests given up because the time that their caller had left was over.")
	wastedSecondsTotal = newSeconds("squall_wasted_seconds_total",
		"Time of work steps after their caller had left, and CPU time of compute steps begun after.")
)

// propagate is the deadline policy of nodes that hand on how much time is left.
const propagate = "propagate"

// handOn says in a call's headers how much time the attempt has left. A node that hands no deadlines on
// does not pass on its caller's either: it would be told to wait longer than is left.
func (e *executor) handOn(attempt context.Context, h http.Header) {
	if !e.deadline {
		h.Del(wire.HeaderDeadline)
		return
	}
	if at, ok := attempt.Deadline(); ok {
		h.Set(wire.HeaderDeadline, strconv.FormatFloat(max(time.Until(at), 0).Seconds()*1000, 'f', 3, 64))
	}
}

// heed gives a request the end that its caller names. Time that does not parse is no deadline.
func (i *instance) heed(r *http.Request) (bounded *http.Request, cancel func()) {
	left, err := strconv.ParseFloat(r.Header.Get(wire.HeaderDeadline), 64)
	if err != nil || !(left >= 0 && left < 1e9) {
		return r, func() {}
	}
	end := time.Now().Add(time.Duration(left * float64(time.Millisecond)))
	ctx, stop := context.WithDeadline(r.Context(), end)
	return r.WithContext(ctx), func() {
		if ctx.Err() != nil && !time.Now().Before(end) { // the caller may have left in the same moment
			deadlineExceededTotal.in(i.metrics).Add(1)
		}
		stop()
	}
}

// forNobody tells that work goes on when nobody waits for it.
func (i *instance) forNobody() bool { return i.config.Node.Policy.Deadline != propagate }

// toil keeps a worker busy for d, whoever may have left meanwhile; where deadlines are handed on no longer than
// somebody waits. It says how long that was.
func (i *instance) toil(ctx context.Context, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	defer i.cpu.Await()
	began := time.Now()
	timer := time.NewTimer(d)
	defer timer.Stop()
	i.wakeAfter(d)
	select {
	case <-timer.C:
		return d
	case <-i.halt:
		return d
	case <-ctx.Done():
	}
	left := time.Since(began)
	if !i.forNobody() {
		return left
	}
	select {
	case <-timer.C:
	case <-i.halt:
	}
	wastedSecondsTotal.in(i.metrics).Add(int64(d - left))
	return d
}

// reckon uses d of CPU time, whoever may have left meanwhile; where deadlines are handed on no longer than somebody waits.
func (i *instance) reckon(ctx context.Context, d time.Duration) {
	stop := (<-chan struct{})(i.halt)
	switch {
	case !i.forNobody():
		stop = ctx.Done() // which is closed when the node ends, too: with the request's connection
	case ctx.Err() != nil:
		wastedSecondsTotal.in(i.metrics).Add(int64(d))
	}
	began := time.Now()
	i.cpu.Compute(d, stop)
	if !i.forNobody() && ctx.Err() != nil {
		d = min(d, time.Since(began)) // it was cut short, and used no more than passed
	}
	computeSecondsTotal.in(i.metrics).Add(int64(d))
}

// cut is the failure of a step that ended before it was done, since nobody waits for it any more; nil if it was done.
func (i *instance) cut(ctx context.Context) *failure {
	if i.forNobody() || ctx.Err() == nil {
		return nil
	}
	return i.gone(ctx)
}

// gone is the failure of what is not done since nobody waits for it.
func (i *instance) gone(ctx context.Context) *failure {
	return abandon(ctx, i.config.Instance)
}
