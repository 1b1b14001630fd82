package host

import (
	"context"
	"time"
)

// longestAside bounds what is done while nobody waits, so that what hangs does not hang for ever.
const longestAside = 30 * time.Second

// Aside does f beside the request that ctx is of, with its values but not its end: until it is done, longestAside is over
// or the instance ends. Whoever calls it must be in attendance.
func (i *Instance) Aside(ctx context.Context, f func(context.Context)) {
	ctx, cancel := i.WithTimeout(context.WithoutCancel(ctx), longestAside)
	i.Answering.Go(func() {
		defer cancel()
		f(ctx)
	})
	i.Answering.Go(func() {
		select {
		case <-i.Halt:
			cancel()
		case <-ctx.Done():
		}
	})
}
