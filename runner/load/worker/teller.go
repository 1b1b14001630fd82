package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
)

// Events are told together: those of together, or as soon as they are batch bytes. Who sends never waits for the conductor; one that is mostBehind
// bytes behind has its generator end.
const (
	together   = 20 * time.Millisecond
	batch      = 32 << 10
	mostBehind = 48 << 20
)

// teller tells the conductor of requests as they go.
type teller struct {
	w         *Worker
	zero      time.Time
	exchanges bool
	fail      context.CancelCauseFunc

	mu      sync.Mutex
	encoder *frame.Encoder
	full    chan struct{} // of one: there is a batch
}

var _ runner.Follower = (*teller)(nil)

func newTeller(w *Worker, zero time.Time, fail context.CancelCauseFunc) *teller {
	return &teller{w: w, zero: zero, exchanges: w.order.Exchanges, fail: fail, encoder: frame.NewEncoder(), full: make(chan struct{}, 1)}
}

// begin tells of events until what it returns is called, which tells the rest.
func (t *teller) begin() (end func()) {
	if t.w.o.AtOnce {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t.tell(quit)
	}()
	return func() {
		close(quit)
		<-done
	}
}

func (t *teller) tell(quit <-chan struct{}) {
	again := time.NewTicker(together)
	defer again.Stop()
	var spare []byte
	var told time.Time
	for over := false; !over; {
		select {
		case <-again.C:
		case <-t.full:
		case <-quit:
			over = true
		}
		t.mu.Lock()
		if t.encoder.Len() == 0 && time.Since(told) < frame.Beat {
			t.mu.Unlock()
			continue
		}
		payload := t.encoder.Take(time.Since(t.zero), spare)
		t.mu.Unlock()
		if err := t.w.send(frame.Events, payload); err != nil {
			t.fail(fmt.Errorf("tell the conductor: %w", err))
			return
		}
		spare, told = payload, time.Now()
	}
}

// event writes one event.
func (t *teller) event(write func(*frame.Encoder)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.encoder.Len()
	if before > mostBehind {
		return // it has failed
	}
	write(t.encoder)
	switch after := t.encoder.Len(); {
	case t.w.o.AtOnce:
		if err := t.w.send(frame.Events, t.encoder.Take(time.Since(t.zero), nil)); err != nil {
			t.fail(fmt.Errorf("tell the conductor: %w", err))
		}
	case after > mostBehind:
		t.fail(fmt.Errorf("the conductor is %d MB of events behind", mostBehind>>20))
	case before < batch && after >= batch:
		select {
		case t.full <- struct{}{}:
		default:
		}
	}
}

// Sent implements runner.Follower.
func (t *teller) Sent(s record.Sample, hit uint64) {
	t.event(func(e *frame.Encoder) { e.Sent(s, hit) })
}

// Done implements runner.Follower.
func (t *teller) Done(s record.Sample, hit uint64, x results.Exchange) {
	t.event(func(e *frame.Encoder) { e.Done(s, hit, x, t.exchanges) })
}

// Forget implements runner.Follower.
func (t *teller) Forget(load string, hit uint64) {
	t.event(func(e *frame.Encoder) { e.Forget(load, hit) })
}

// Unsent implements runner.Follower.
func (t *teller) Unsent(s record.Sample) { t.event(func(e *frame.Encoder) { e.Unsent(s) }) }
