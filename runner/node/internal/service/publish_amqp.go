package service

import (
	"context"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// publishes sends a message to a real broker, which has confirmed it when it is acknowledged. A retry of what was confirmed
// too late is there twice, as it is with every broker of its kind.
func (s *service) publishes(ctx context.Context, v *request, c host.Trace, g *call.Executor, id, key string) *call.Failure {
	f := g.Do(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
		bounded, cancel := g.Bounded(ctx)
		defer cancel()
		if err := s.amqp.Publish(bounded, to, id, key, c); err != nil {
			return call.Outcome{F: call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)}
		}
		return call.Outcome{}
	})
	if f == nil {
		v.note(g.To.Node + "/" + id)
	}
	return f
}
