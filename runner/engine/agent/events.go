package agent

import (
	"context"
	"sync"
	"time"
)

// eventsKept bounds how many events are kept: the oldest go first.
const eventsKept = 10_000

// events are what has happened to an instance.
type events struct {
	mu    sync.Mutex
	all   []Event
	count int64
	more  chan struct{} // closed when there is another one
}

func newEvents() *events { return &events{more: make(chan struct{})} }

// add notes one, which has happened now unless it says when.
func (e *events) add(one Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count++
	one.Number = e.count
	if one.At.IsZero() {
		one.At = time.Now()
	}
	e.all = append(e.all, one)
	if len(e.all) > eventsKept {
		e.all = e.all[1:]
	}
	close(e.more)
	e.more = make(chan struct{})
}

// after waits until there are some after a number, and returns them.
func (e *events) after(ctx context.Context, number int64) ([]Event, error) {
	for {
		e.mu.Lock()
		more := e.more
		var out []Event
		for _, one := range e.all {
			if one.Number > number {
				out = append(out, one)
			}
		}
		e.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
