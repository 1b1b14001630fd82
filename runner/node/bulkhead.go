package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/scenarios"
)

var errBulkheadFull = errors.New("bulkhead is full")

// bulkhead bounds the attempts to one callee that are in flight at once. Those over it wait in order of arrival, a
// bounded number of them. A nil bulkhead has no bound. It is safe for concurrent use.
type bulkhead struct {
	places  chan struct{}
	limit   int64 // of those that wait
	waiting atomic.Int64
	metrics *metrics
}

// newBulkhead is nil for no bulkhead.
func newBulkhead(b *scenarios.Bulkhead, m *metrics) *bulkhead {
	if b == nil {
		return nil
	}
	return &bulkhead{places: make(chan struct{}, max(b.Most, 1)), limit: int64(b.Queue), metrics: m}
}

// board takes a place for an attempt, or says why there is none. Who has one must call leave.
func (g *guard) board(ctx context.Context) *failure {
	if g.bulkhead == nil || g.bulkhead.tryEnter() {
		return nil
	}
	bounded, cancel := g.bounded(ctx)
	defer cancel()
	err := g.bulkhead.enter(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &failure{ending: abandoned, status: statusGone(ctx), to: g.to.node, err: ctx.Err()}
	case !errors.Is(err, errBulkheadFull):
		g.i.metrics.bulkheadRejected.Add(1)
		err = fmt.Errorf("%w: no place within %s", errBulkheadFull, g.timeout)
	}
	return &failure{ending: rejected, status: http.StatusServiceUnavailable, to: g.to.node, err: err}
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
		b.metrics.bulkheadRejected.Add(1)
		return errBulkheadFull
	}
	began := time.Now()
	b.metrics.bulkheadWaiting.Add(1)
	defer func() {
		b.waiting.Add(-1)
		b.metrics.bulkheadWaiting.Add(-1)
		b.metrics.bulkheadTime.Add(int64(time.Since(began)))
	}()
	select {
	case b.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bulkhead) leave() {
	if b != nil {
		<-b.places
	}
}
