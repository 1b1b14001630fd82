package call

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

var (
	bulkheadWaiting      = host.NewGauge("squall_bulkhead_waiting", "Calls waiting for a place in a bulkhead now.")
	bulkheadSecondsTotal = host.NewSeconds("squall_bulkhead_seconds_total",
		"Time that calls waited for a place in a bulkhead.")
	bulkheadRejectedTotal = host.NewCounter("squall_bulkhead_rejected_total",
		"Calls not made because a bulkhead and its queue were full.")
)

var errBulkheadFull = errors.New("bulkhead is full")

// bulkhead bounds the attempts to one callee that are in flight at once. Those over it wait in order of arrival, a
// bounded number of them. It is safe for concurrent use.
type bulkhead struct {
	places  chan struct{}
	limit   int64 // of those that wait
	waiting atomic.Int64
	metrics *host.Metrics
}

// newBulkhead is nil for no bulkhead.
func newBulkhead(m *making) policy {
	if m.Bulkhead == nil {
		return nil
	}
	return shared(m.e, m.Bulkhead, func() *bulkhead {
		places := make(chan struct{}, max(m.Bulkhead.Most, 1))
		return &bulkhead{places: places, limit: int64(m.Bulkhead.Queue), metrics: m.e.i.Metrics}
	})
}

// admit takes a place for an attempt, for which it waits no longer than the attempt's timeout.
func (b *bulkhead) admit(ctx context.Context, a attempt) (p permit, f *Failure) {
	if b.tryEnter() {
		return p, nil
	}
	bounded, cancel := a.e.Bounded(ctx)
	defer cancel()
	err := b.enter(bounded)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil:
		return p, Abandon(ctx, a.e.To.Node)
	case !errors.Is(err, errBulkheadFull):
		bulkheadRejectedTotal.In(b.metrics).Add(1)
		err = fmt.Errorf("%w: no place within %s", errBulkheadFull, a.e.Timeout)
	}
	return p, reject(a.e.To.Node, err)
}

// settle gives the place back when the attempt is over, which is with its answer's body.
func (b *bulkhead) settle(_ attempt, _ permit, r attemptResult) {
	if r.body != nil {
		r.body.whenOver(b.leave)
	} else {
		b.leave()
	}
}

// tryEnter takes a place that is free: so nobody waits, since one that is left goes to the first in the queue.
func (b *bulkhead) tryEnter() bool {
	select {
	case b.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// enter waits for a place; errBulkheadFull where too many wait already, or the context's error.
func (b *bulkhead) enter(ctx context.Context) error {
	if b.waiting.Add(1) > b.limit {
		b.waiting.Add(-1)
		bulkheadRejectedTotal.In(b.metrics).Add(1)
		return errBulkheadFull
	}
	began := time.Now()
	bulkheadWaiting.In(b.metrics).Add(1)
	defer func() {
		b.waiting.Add(-1)
		bulkheadWaiting.In(b.metrics).Add(-1)
		bulkheadSecondsTotal.In(b.metrics).Add(int64(time.Since(began)))
	}()
	select {
	case b.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bulkhead) leave() { <-b.places }
