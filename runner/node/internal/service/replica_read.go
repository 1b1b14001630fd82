package service

import (
	"context"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
)

var (
	staleReadsTotal = host.NewCounter("squall_stale_reads_total",
		"Reads from a replica that did not have yet what the same user had written.")
	primaryReadsTotal = host.NewCounter("squall_primary_reads_total",
		"Reads sent to the primary because the replica did not have the user's own writes yet.")
)

// readReplica reads from a replica. The replica says with its answer up to where it has applied its primary's journal;
// where that is less than what the user has written, the answer is stale, and is taken from the primary instead if
// users are to read their own writes. Position by position, not key by key: what the replica does not have may be
// about another key.
func (s *service) readReplica(what *scenarios.Step) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, what.Replica, what.Failover.Failover, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	primary, err := s.read(what.Read, what, scenarios.Failover{})
	if err != nil {
		return nil, err
	}
	database, ryw := what.Read, what.ReadYourWrites
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		written := v.written(database)
		behind, there := false, false
		f := g.DoSafely(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
			bounded, cancel := g.Bounded(ctx)
			defer cancel()
			cost := host.Draw(what.Cost, s.i.Chance(c, "cost"))
			found, seen, err := s.stores.Read(bounded, to, v.key(), cost, c)
			return call.Outcome{
				F: store.StatementFailure(ctx, bounded, g, to, err),
				Settle: func(taken bool) {
					if taken {
						behind, there = seen < written, found
					}
				},
			}
		})
		switch {
		case f != nil:
			return f
		case !behind:
			v.found(there, what.Absent)
			return nil
		case ryw:
			primaryReadsTotal.In(s.i.Metrics).Add(1)
			return primary(ctx, v, c.Step("primary"))
		}
		staleReadsTotal.In(s.i.Metrics).Add(1)
		v.sawStale(what.Replica)
		v.found(there, what.Absent)
		return nil
	}, nil
}
