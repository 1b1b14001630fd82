// Package sleep waits as time.Sleep does, and no longer than a context lasts.
package sleep

import (
	"context"
	"time"
)

// For waits for so long, or ends early with ctx, whose cause it returns then.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
