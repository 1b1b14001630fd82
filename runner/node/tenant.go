package node

import (
	"context"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// onlyFor passes a step over for requests that it is not for.
func onlyFor(who *scenarios.When, run runner) runner {
	if who == nil {
		return run
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		h := v.request.Header
		priority := "high"
		if h.Get(wire.HeaderPriority) == "low" {
			priority = "low"
		}
		if who.Tenant != "" && who.Tenant != v.cause.tenant || who.Load != "" && who.Load != h.Get(wire.HeaderLoad) || who.Priority != "" && who.Priority != priority {
			return nil
		}
		return run(ctx, v, c)
	}
}
