package clock

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// A Waiter is never early, and not much late: the bound is loose, a busy machine passes it.
func TestWaitIsNeverEarly(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{"fine": true, "package time": false} {
		t.Run(name, func(t *testing.T) {
			w := NewWaiter(fine)
			defer w.Close()
			var late []time.Duration
			for _, d := range []time.Duration{-time.Second, 0, 1, 50 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond} {
				until := time.Now().Add(d)
				if err := w.Wait(t.Context(), until); err != nil {
					t.Fatal(err)
				}
				l := time.Since(until)
				if l < 0 {
					t.Errorf("a wait of %v returned %v early", d, -l)
				}
				if d > 0 {
					late = append(late, l)
				}
			}
			slices.Sort(late)
			if m := late[len(late)/2]; m > 50*time.Millisecond {
				t.Errorf("late by %v in the median", m)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := NewWaiter(true)
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.Wait(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := w.Wait(ctx, time.Now()); err == nil {
		t.Error("no error from a context that has ended")
	}
}
