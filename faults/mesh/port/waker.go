package port

import (
	"sync"
	"time"
)

// Waker makes a program's own timers (package time) ring within microseconds of their time. An idle
// runtime waits for its timers in whole milliseconds; a kernel timer that is due at the same moment
// gets it up. It is for programs that model short times, as nodes do, and costs one system call a wish.
type Waker struct {
	clock   *Clock
	running sync.WaitGroup
}

// NewWaker makes a waker; one that does nothing where the system has no such timers. Close ends it.
func NewWaker() *Waker {
	w := &Waker{clock: NewClock()}
	if w.clock != nil {
		w.running.Go(w.clock.Run)
	}
	return w
}

// At has the runtime up at a time.
func (w *Waker) At(when time.Time) {
	if w.clock != nil {
		w.clock.At(when, nil)
	}
}

// Close ends the waker.
func (w *Waker) Close() {
	if w.clock != nil {
		w.clock.Close()
	}
	w.running.Wait()
}
