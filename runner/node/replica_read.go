package node

import (
	"context"

	"github.com/squallhq/squall/scenarios"
)

var (
	staleReadsTotal = newCounter("squall_stale_reads_total",
		"Reads from a replica that did not have yet what the same user had written.")
	primaryReadsTotal = newCounter("squall_primary_reads_total",
		"Reads sent to the primary because the replica did not have the user's own writes yet.")
)

// readReplica reads from a replica. The replica says with its answer up to where it has applied its primary's journal;
// where that is less than what the user has written, the answer is stale, and is taken from the primary instead if
// users are to read their own writes. Position by position, not key by key: what the replica does not have may be
// about another key.
func (s *service) readReplica(what *scenarios.Step) (runner, error) {
	g, err := newExecutorOr(s.i, what.Replica, what.Failover.Failover, what.Policy, s.i.config.Node.Policy)
	if err != nil {
		return nil, err
	}
	primary, err := s.read(what.Read, what.Cost, scenarios.Failover{}, what.Policy)
	if err != nil {
		return nil, err
	}
	database, ryw := what.Read, what.ReadYourWrites
	return func(ctx context.Context, v *visit, c cause) *failure {
		written := v.written(database)
		behind := false
		f := g.doSafely(ctx, c, func(ctx context.Context, to *replica, c cause, _ int) outcome {
			bounded, cancel := g.bounded(ctx)
			defer cancel()
			cost := draw(what.Cost, s.i.chance(c, "cost"))
			seen, err := s.stores.read(bounded, to, v.key(), cost, c.text())
			return outcome{
				f: statementFailure(ctx, bounded, g, to, err),
				settle: func(taken bool) {
					if taken {
						behind = seen < written
					}
				},
			}
		})
		switch {
		case f != nil || !behind:
			return f
		case ryw:
			primaryReadsTotal.in(s.i.metrics).Add(1)
			return primary(ctx, v, c.step("primary"))
		}
		staleReadsTotal.in(s.i.metrics).Add(1)
		v.sawStale(what.Replica)
		return nil
	}, nil
}
