package node

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// defaultWorkers is how many requests a service works on at once where the scenario does not say.
const defaultWorkers = 64

var errShed = errors.New("queue is full")

// workers bounds how many requests are worked on at once; others wait in order of arrival, and where
// the queue has a limit those over it are shed.
type workers struct {
	slots   chan struct{}
	limit   int64 // of the queue; 0: none
	waiting atomic.Int64
	metrics *metrics
}

func newWorkers(count, queue int, m *metrics) *workers {
	if count <= 0 {
		count = defaultWorkers
	}
	return &workers{slots: make(chan struct{}, count), limit: int64(queue), metrics: m}
}

// acquire waits for a worker; errShed, or the context's error when the client leaves the queue.
func (w *workers) acquire(ctx context.Context) error {
	select {
	case w.slots <- struct{}{}: // only when nobody waits: a freed slot goes to the first in the queue
		w.metrics.workersBusy.Add(1)
		return nil
	default:
	}
	if w.waiting.Add(1) > w.limit && w.limit > 0 {
		w.waiting.Add(-1)
		w.metrics.shed.Add(1)
		return errShed
	}
	began := time.Now()
	w.metrics.queueDepth.Add(1)
	defer func() {
		w.waiting.Add(-1)
		w.metrics.queueDepth.Add(-1)
		w.metrics.queueTime.Add(int64(time.Since(began)))
	}()
	select {
	case w.slots <- struct{}{}:
		w.metrics.workersBusy.Add(1)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *workers) release() {
	w.metrics.workersBusy.Add(-1)
	<-w.slots
}
