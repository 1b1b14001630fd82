package load

import (
	"context"
	"time"
)

// waiter waits for a moment. It is used by one goroutine.
type waiter struct {
	timer *time.Timer
	fine  *fineTimer // nil: package time alone
}

// fineStretch is how long before the moment the fine timer takes over: Go's timers may be a
// whole millisecond late in an idle program, because its runtime polls in whole milliseconds.
const fineStretch = 2 * time.Millisecond

// newWaiter makes a waiter; a fine one falls back to package time where the platform has nothing finer.
func newWaiter(fine bool) waiter {
	t := time.NewTimer(time.Hour)
	t.Stop()
	w := waiter{timer: t}
	if fine {
		w.fine = newFineTimer()
	}
	return w
}

func (w waiter) close() {
	w.timer.Stop()
	if w.fine != nil {
		w.fine.close()
	}
}

// wait returns at the moment, at once if it has passed, or with the context's error.
func (w waiter) wait(ctx context.Context, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	left := time.Until(until)
	coarse := left
	if w.fine != nil {
		coarse -= fineStretch
	}
	if coarse > 0 {
		w.timer.Reset(coarse)
		select {
		case <-w.timer.C:
		case <-ctx.Done():
			w.timer.Stop()
			return ctx.Err()
		}
		left = time.Until(until)
	}
	if w.fine != nil && left > 0 {
		w.fine.sleep(left)
	}
	return nil
}
