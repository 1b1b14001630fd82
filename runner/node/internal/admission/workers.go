// Package admission decides which requests are let in, which wait and which are refused: rate limits, workers and the
// discipline of who waits for them, the adaptive limit of what is in flight, and locks by key.
package admission

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var (
	workersBusy       = host.NewGauge("squall_workers_busy", "Workers taken now.")
	queueDepth        = host.NewGauge("squall_queue_depth", "Requests waiting for a worker now.")
	queueSecondsTotal = host.NewSeconds("squall_queue_seconds_total", "Time that requests waited for a worker.")
	queuedTotal       = host.NewCounter("squall_queued_total", "Requests that had to wait for a worker.")
	shedTotal         = host.NewCounter("squall_shed_total",
		"Requests refused (503) because the queue for workers was full, because they had waited in it for too "+
			"long, or because there was enough in flight.")
	queueDroppedTotal = host.NewCounter("squall_queue_dropped_total",
		"Requests refused (503) when their turn came, because they had waited longer than the discipline "+
			"allows; part of squall_shed_total.")
	shedLowTotal = host.NewCounter("squall_shed_low_total", "Requests of low priority among squall_shed_total.")
)

// defaultWorkers is how many requests a service works on at once where the scenario does not say.
const defaultWorkers = 64

var (
	ErrShed   = errors.New("queue is full")
	ErrWaited = errors.New("waited too long in the queue")
)

// Workers bounds how many requests are worked on at once; others wait in a line, and where that has
// a limit those over it are shed. A worker that becomes free goes to one of the waiting at once.
type Workers struct {
	mu      sync.Mutex
	size    int
	free    int // less than none while more are at work than there are now
	queue   queue
	metrics *host.Metrics
	// inTurn lets those who are told at once go on one after the other; nil: they go on together.
	inTurn func(nth int)
}

func NewWorkers(n *scenarios.Node, m *host.Metrics) *Workers {
	count := n.Workers
	if count <= 0 {
		count = defaultWorkers
	}
	return &Workers{size: count, free: count, queue: newQueue(n.Queue, n.QueueDiscipline), metrics: m}
}

// InTurn has those who are told at once that they have a worker, or have none, call turn with their number, from 0.
func (w *Workers) InTurn(turn func(nth int)) *Workers {
	w.inTurn = turn
	return w
}

// WorkersOf are the node's, those that there are and as many as it now says, as soon as it is taken up.
func WorkersOf(i *host.Instance) *Workers {
	fresh := false
	w := host.Retain(i, func() *Workers {
		fresh = true
		return NewWorkers(&i.Config.Node, i.Metrics).InTurn(i.InTurn)
	})
	if !fresh {
		i.OnCommit(func() { w.Resize(&i.Config.Node) })
	}
	return w
}

// Resize is as many workers as the node says, and its line: who waits stands in it in the same order, and is shed where
// there is no place. Where there are fewer than are at work the rest end what they have.
func (w *Workers) Resize(n *scenarios.Node) {
	fresh := NewWorkers(n, w.metrics)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += fresh.size - w.size
	w.size = fresh.size
	told := 0
	if w.queue.limit != fresh.queue.limit || w.queue.QueueDiscipline != fresh.queue.QueueDiscipline {
		waiting := w.queue.all()
		w.queue = newQueue(n.Queue, n.QueueDiscipline)
		for _, one := range waiting {
			if out := w.queue.join(one); out != nil {
				out.turn <- turn{ErrShed, told}
				told++
			}
		}
	}
	w.hand(told)
}

// Acquire waits for a worker: errShed or errWaited when there is none for this request, or the
// context's error when the client leaves the queue.
func (w *Workers) Acquire(ctx context.Context, low bool) error {
	w.mu.Lock()
	if w.free > 0 { // then nobody waits
		w.free--
		w.mu.Unlock()
		workersBusy.In(w.metrics).Add(1)
		return nil
	}
	me := &waiter{low: low, since: time.Now(), turn: make(chan turn, 1)}
	out := w.queue.join(me)
	w.mu.Unlock()
	if out == me {
		w.count(me, ErrShed)
		return ErrShed
	}
	queuedTotal.In(w.metrics).Add(1)
	queueDepth.In(w.metrics).Add(1)
	if out != nil {
		out.turn <- turn{err: ErrShed}
	}
	err := w.await(ctx, me)
	queueDepth.In(w.metrics).Add(-1)
	queueSecondsTotal.In(w.metrics).Add(int64(time.Since(me.since)))
	w.count(me, err)
	return err
}

// await is for the turn, or for the client to leave. A turn that came first counts.
func (w *Workers) await(ctx context.Context, me *waiter) error {
	select {
	case mine := <-me.turn:
		return w.take(mine)
	case <-ctx.Done():
	}
	w.mu.Lock()
	waiting := w.queue.leave(me)
	w.mu.Unlock()
	if waiting {
		return ctx.Err()
	}
	return w.take(<-me.turn)
}

// take is what a turn comes to, when those who were told before have gone on.
func (w *Workers) take(mine turn) error {
	if w.inTurn != nil {
		w.inTurn(mine.nth)
	}
	return mine.err
}

// count says what became of a request that did not find a worker free.
func (w *Workers) count(who *waiter, err error) {
	switch {
	case err == nil:
		workersBusy.In(w.metrics).Add(1)
		return
	case errors.Is(err, ErrWaited):
		queueDroppedTotal.In(w.metrics).Add(1)
	case !errors.Is(err, ErrShed):
		return
	}
	shedTotal.In(w.metrics).Add(1)
	if who.low {
		shedLowTotal.In(w.metrics).Add(1)
	}
}

// Release hands the worker to the next in line. Those who have waited too long are told so on the way.
func (w *Workers) Release() {
	workersBusy.In(w.metrics).Add(-1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free++
	w.hand(0)
}

// hand gives free workers to those who wait, of whom so many have been told at this instant. w.mu is held.
func (w *Workers) hand(told int) {
	if w.free <= 0 {
		return
	}
	for now := time.Now(); w.free > 0; told++ {
		next, late := w.queue.next(now)
		switch {
		case next == nil:
			return
		case late:
			next.turn <- turn{ErrWaited, told}
		default:
			w.free--
			next.turn <- turn{nth: told}
		}
	}
}
