package otlp

import (
	"context"
	"errors"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Follow sends a run under way again and again until stop is called, which waits for the sending that is on its way. ask is for
// the record so far, and an error of it says that there is none. warn is told the first time that sending fails: the run goes on.
func (e *Exporter) Follow(ctx context.Context, ask func(context.Context) (*record.Result, error), warn func(error)) (stop func()) {
	if e.metrics.url+e.logs.url == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		again := time.NewTicker(e.interval)
		defer again.Stop()
		warned := false
		for {
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
			so, err := ask(ctx)
			if err != nil {
				continue // it is being launched, or ends
			}
			if err := e.SendSoFar(ctx, so); err != nil && !warned && !errors.Is(err, context.Canceled) {
				warned = true
				warn(err)
			}
		}
	}()
	return func() {
		cancel()
		<-over
	}
}
