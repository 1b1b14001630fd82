package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

var (
	workersBusy       = newGauge("squall_workers_busy", "Workers taken now.")
	queueDepth        = newGauge("squall_queue_depth", "Requests waiting for a worker now.")
	queueSecondsTotal = newSeconds("squall_queue_seconds_total", "Time that requests waited for a worker.")
	queuedTotal       = newCounter("squall_queued_total", "Requests that had to wait for a worker.")
	shedTotal         = newCounter("squall_shed_total",
		"Requests refused (503) because the queue for workers was full, because they had waited in it for too "+
			"long, or because there was enough in flight.")
	queueDroppedTotal = newCounter("squall_queue_dropped_total",
		"Requests refused (503) when their turn came, because they had waited longer than the discipline "+
			"allows; part of squall_shed_total.")
	shedLowTotal = newCounter("squall_shed_low_total", "Requests of low priority among squall_shed_total.")
)

// defaultWorkers is how many requests a service works on at once where the scenario does not say.
const defaultWorkers = 64

var (
	errShed   = errors.New("queue is full")
	errWaited = errors.New("waited too long in the queue")
)

// workers bounds how many requests are worked on at once; others wait in a line, and where that has
// a limit those over it are shed. A worker that becomes free goes to one of the waiting at once.
type workers struct {
	mu      sync.Mutex
	size    int
	free    int // less than none while more are at work than there are now
	line    line
	metrics *metrics
}

func newWorkers(n *scenarios.Node, m *metrics) *workers {
	count := n.Workers
	if count <= 0 {
		count = defaultWorkers
	}
	return &workers{size: count, free: count, line: newLine(n.Queue, n.Line), metrics: m}
}

// workersOf are the node's, those that there are and as many as it now says, as soon as it is taken up.
func workersOf(i *instance) *workers {
	fresh := false
	w := retain(i, func() *workers {
		fresh = true
		return newWorkers(&i.config.Node, i.metrics)
	})
	if !fresh {
		i.onCommit(func() { w.resize(&i.config.Node) })
	}
	return w
}

// resize is as many workers as the node says, and its line: who waits stands in it in the same order, and is shed where
// there is no place. Where there are fewer than are at work the rest end what they have.
func (w *workers) resize(n *scenarios.Node) {
	fresh := newWorkers(n, w.metrics)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += fresh.size - w.size
	w.size = fresh.size
	if w.line.limit != fresh.line.limit || w.line.Line != fresh.line.Line {
		waiting := w.line.all()
		w.line = newLine(n.Queue, n.Line)
		for _, one := range waiting {
			if out := w.line.join(one); out != nil {
				out.turn <- errShed
			}
		}
	}
	w.hand()
}

// acquire waits for a worker: errShed or errWaited when there is none for this request, or the
// context's error when the client leaves the queue.
func (w *workers) acquire(ctx context.Context, low bool) error {
	w.mu.Lock()
	if w.free > 0 { // then nobody waits
		w.free--
		w.mu.Unlock()
		workersBusy.in(w.metrics).Add(1)
		return nil
	}
	me := &waiter{low: low, since: time.Now(), turn: make(chan error, 1)}
	out := w.line.join(me)
	w.mu.Unlock()
	if out == me {
		w.count(me, errShed)
		return errShed
	}
	queuedTotal.in(w.metrics).Add(1)
	queueDepth.in(w.metrics).Add(1)
	if out != nil {
		out.turn <- errShed
	}
	err := w.await(ctx, me)
	queueDepth.in(w.metrics).Add(-1)
	queueSecondsTotal.in(w.metrics).Add(int64(time.Since(me.since)))
	w.count(me, err)
	return err
}

// await is for the turn, or for the client to leave. A turn that came first counts.
func (w *workers) await(ctx context.Context, me *waiter) error {
	select {
	case err := <-me.turn:
		return err
	case <-ctx.Done():
	}
	w.mu.Lock()
	waiting := w.line.leave(me)
	w.mu.Unlock()
	if waiting {
		return ctx.Err()
	}
	return <-me.turn
}

// count says what became of a request that did not find a worker free.
func (w *workers) count(who *waiter, err error) {
	switch {
	case err == nil:
		workersBusy.in(w.metrics).Add(1)
		return
	case errors.Is(err, errWaited):
		queueDroppedTotal.in(w.metrics).Add(1)
	case !errors.Is(err, errShed):
		return
	}
	shedTotal.in(w.metrics).Add(1)
	if who.low {
		shedLowTotal.in(w.metrics).Add(1)
	}
}

// release hands the worker to the next in line. Those who have waited too long are told so on the way.
func (w *workers) release() {
	workersBusy.in(w.metrics).Add(-1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free++
	w.hand()
}

// hand gives free workers to those who wait. w.mu is held.
func (w *workers) hand() {
	if w.free <= 0 {
		return
	}
	for now := time.Now(); w.free > 0; {
		next, late := w.line.next(now)
		switch {
		case next == nil:
			return
		case late:
			next.turn <- errWaited
		default:
			w.free--
			next.turn <- nil
		}
	}
}
