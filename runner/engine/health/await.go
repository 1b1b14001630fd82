package health

import (
	"context"
	"errors"
	"time"
)

// The waits between two looks at an instance's health: they double from the first to the most.
const (
	firstPause = 10 * time.Millisecond
	mostPause  = 100 * time.Millisecond
)

// ErrEnded is an instance that ended before it was healthy.
var ErrEnded = errors.New("it ended before it was healthy")

// Await looks until an instance is healthy. It gives up when the instance ends (ErrEnded), when a look says that it never will be
// (NeverReady), and with ctx, whose cause comes with what the last look said.
func Await(ctx context.Context, ended <-chan struct{}, look func(context.Context) error) error {
	wait := firstPause
	for {
		last := look(ctx)
		if never := (*NeverReady)(nil); last == nil || errors.As(last, &never) {
			return last
		}
		select {
		case <-time.After(wait):
		case <-ended:
			return ErrEnded
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), last)
		}
		wait = min(2*wait, mostPause)
	}
}
