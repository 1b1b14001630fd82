package cdn

import (
	"context"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// longestRefresh bounds a refresh where the policy has no timeout, so that one that hangs is not the copy's last.
const longestRefresh = 30 * time.Second

// refresh asks the origin for a newer copy while nobody waits for it, once at a time for each key. It ends with the node.
func (c *cdn) refresh(r *http.Request, why host.Trace, rule *cdnRule, key string) {
	if !c.fresh.Begin(key) {
		return
	}
	copies.CacheRefreshesTotal.In(c.i.Metrics).Add(1)
	ctx, cancel := c.i.WithTimeout(context.WithoutCancel(r.Context()), longestRefresh)
	again := r.Clone(ctx) // the handler may be gone before it is sent
	c.i.Answering.Go(func() {
		defer c.fresh.End(key)
		defer cancel()
		c.ask(ctx, again, why, rule, key) // a failure leaves the copy as it is: the next request tries again
	})
	c.i.Answering.Go(func() {
		select {
		case <-c.i.Halt:
			cancel()
		case <-ctx.Done():
		}
	})
}
