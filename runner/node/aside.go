package node

import (
	"context"
	"time"
)

// longestAside bounds what is done while nobody waits, so that what hangs does not hang for ever.
const longestAside = 30 * time.Second

// aside does f beside the request that ctx is of, with its values but not its end: until it is done, longestAside is over
// or the instance ends. Whoever calls it must be in attendance.
func (i *instance) aside(ctx context.Context, f func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestAside)
	i.answering.start(func() {
		defer cancel()
		f(ctx)
	})
	i.answering.start(func() {
		select {
		case <-i.halt:
			cancel()
		case <-ctx.Done():
		}
	})
}
