package admission

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who waits for an id gets it in the order of arrival; who leaves the line is passed over, and other ids are free meanwhile.
func TestKeyedLockIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l KeyedLock
		leave, err := l.Acquire(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan int, 8)
		for n := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if n == 2 {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
				defer cancel()
			}
			go func() {
				leave, err := l.Acquire(ctx, "a")
				if err != nil {
					got <- -n
					return
				}
				got <- n
				time.Sleep(time.Millisecond)
				leave()
			}()
			time.Sleep(time.Millisecond)
		}
		if other, err := l.Acquire(t.Context(), "b"); err != nil {
			t.Error(err)
		} else {
			other()
		}
		time.Sleep(time.Minute)
		leave()
		time.Sleep(time.Minute)
		synctest.Wait()
		close(got)
		var order []int
		for n := range got {
			order = append(order, n)
		}
		if diff := cmp.Diff([]int{-2, 0, 1, 3, 4}, order); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(l.lines) != 0 {
			t.Errorf("left behind: %v", l.lines)
		}
	})
}
