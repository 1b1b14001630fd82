package virtual

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// lookOut is how often, in virtual time, the end of the context outside is looked for. Channels from outside
// can't be waited for within a bubble: while somebody does, time stands still.
const lookOut = 50 * time.Millisecond

// enclose runs f in a bubble of virtual time: package time is virtual for every goroutine that begins in it, and it
// advances, to the next timer, whenever all of them wait for one another. f gets a context with ctx's values that
// ends when ctx does, with its cause. Everything that f has begun must have ended when it returns. The error is ctx's
// cause if ctx ends first, or says that f panicked or that goroutines were left that wait for ever.
//
// synctest gives bubbles to tests alone, but asks nothing of its test beyond its name; this is the only place
// that knows.
func enclose(ctx context.Context, f func(context.Context)) (err error) {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	var failed error
	defer func() {
		if p := recover(); p != nil { // synctest's own: a deadlock
			err = errors.Join(failed, fmt.Errorf("run in virtual time: %v%s", p, bubbled()))
		}
	}()
	returned := false
	synctest.Test(new(testing.T), func(*testing.T) {
		defer func() {
			if p := recover(); p != nil {
				failed = fmt.Errorf("run in virtual time: panic: %v\n%s", p, stack())
			} else if !returned {
				failed = errors.New("run in virtual time: its goroutine ended by itself")
			}
		}()
		within(ctx, f)
		returned = true
	})
	return failed
}

// within calls f with a context of the bubble's own.
func within(outside context.Context, f func(context.Context)) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(outside))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(lookOut)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			if outside.Err() != nil {
				cancel(context.Cause(outside))
				return
			}
		}
	}()
	defer func() {
		cancel(nil)
		close(stop)
		<-stopped
	}()
	f(ctx)
}

func stack() []byte {
	b := make([]byte, 16<<10)
	return b[:runtime.Stack(b, false)]
}

// bubbled are the stacks of the goroutines that were left in a bubble.
func bubbled() string {
	b := make([]byte, 1<<20)
	var out strings.Builder
	for one := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		head, _, _ := strings.Cut(one, "\n")
		if strings.Contains(head, "synctest bubble") && out.Len() < 16<<10 {
			out.WriteString("\n\n" + one)
		}
	}
	return out.String()
}
