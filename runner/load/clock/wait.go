// Package clock waits for a moment: by package time, or finer where the kernel can. It knows no load.
package clock

import (
	"context"
	"errors"
	"time"

	"github.com/squallhq/squall/runner/instant"
)

// Waiter waits for a moment. It is used by one goroutine.
type Waiter struct {
	timer *time.Timer
	fine  *fineTimer // nil: package time alone
	keep  instant.Keep
}

// fineStretch is how long before the moment the fine timer takes over: Go's timers may be a
// whole millisecond late in an idle program, because its runtime polls in whole milliseconds.
const fineStretch = 2 * time.Millisecond

// NewWaiter makes a Waiter; a fine one falls back to package time where the platform has nothing finer.
func NewWaiter(fine bool) Waiter {
	t := time.NewTimer(time.Hour)
	t.Stop()
	w := Waiter{timer: t}
	if fine {
		w.fine = newFineTimer()
	}
	return w
}

// Keeping is the Waiter as one who has its moments alone.
func (w Waiter) Keeping(keep instant.Keep) Waiter {
	w.keep = keep
	return w
}

// Close frees what it waits with.
func (w Waiter) Close() {
	w.timer.Stop()
	if w.fine != nil {
		w.fine.close()
	}
}

// ErrTurned is the end of a wait whose moment is another by now.
var ErrTurned = errors.New("what was waited for comes at another time")

// Wait returns at the moment, at once if it has passed, or with the context's error.
func (w Waiter) Wait(ctx context.Context, until time.Time) error {
	return w.WaitUnless(ctx, until, nil)
}

// WaitUnless is Wait that returns ErrTurned once turned is closed; nil: it never is.
func (w Waiter) WaitUnless(ctx context.Context, until time.Time, turned <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	left := time.Until(until)
	coarse := left
	if w.fine != nil {
		coarse -= fineStretch
	}
	if w.keep != nil && coarse > 0 {
		at, free := w.keep(coarse)
		defer free()
		coarse = time.Until(at)
	}
	if coarse > 0 {
		w.timer.Reset(coarse)
		select {
		case <-w.timer.C:
		case <-ctx.Done():
			w.timer.Stop()
			return ctx.Err()
		case <-turned:
			w.timer.Stop()
			return ErrTurned
		}
		left = time.Until(until)
	}
	if w.fine != nil && left > 0 {
		w.fine.sleep(left)
	}
	select {
	case <-turned: // while the fine timer slept
		return ErrTurned
	default:
		return nil
	}
}
