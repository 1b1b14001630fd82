package scenarios

import "cmp"

// Over is p where it says something, and below where it does not: what holds for a call that has policy p on a node that
// has policy below.
func (p Policy) Over(below Policy) Policy {
	return Policy{
		Timeout:  cmp.Or(p.Timeout, below.Timeout),
		Retry:    cmp.Or(p.Retry, below.Retry),
		Breaker:  cmp.Or(p.Breaker, below.Breaker),
		Balance:  cmp.Or(p.Balance, below.Balance),
		Hedge:    cmp.Or(p.Hedge, below.Hedge),
		Bulkhead: cmp.Or(p.Bulkhead, below.Bulkhead),
		Throttle: cmp.Or(p.Throttle, below.Throttle),
		Deadline: cmp.Or(p.Deadline, below.Deadline),
		Choice:   p.Choice.Over(below.Choice),
	}
}
