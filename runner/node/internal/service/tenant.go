package service

import (
	"context"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// onlyFor passes a step over for requests that it is not for.
func onlyFor(who *scenarios.When, run stepFunc) stepFunc {
	if who == nil {
		return run
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		h := v.request.Header
		priority := "high"
		if h.Get(wire.HeaderPriority) == "low" {
			priority = "low"
		}
		if who.Tenant != "" && who.Tenant != v.Trace.Tenant || who.Load != "" && who.Load != h.Get(wire.HeaderLoad) || who.Priority != "" && who.Priority != priority {
			return nil
		}
		return run(ctx, v, c)
	}
}
