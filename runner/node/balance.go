package node

import (
	"slices"
	"sync"
	"sync/atomic"
)

// balance is how one of a callee's replicas is chosen.
type balance int

const (
	// roundRobin takes them in turn.
	roundRobin balance = iota
	// randomly takes each with the same chance.
	randomly
	// leastInFlight takes one with the fewest attempts of this instance in flight, in turn among equals.
	leastInFlight
	// twoChoices takes the one with fewer attempts in flight of two different random ones (Mitzenmacher's power of two choices).
	twoChoices
)

var balances = map[string]balance{
	"": roundRobin, "round_robin": roundRobin, "random": randomly, "least_in_flight": leastInFlight, "two_choices": twoChoices,
}

// choice is the choice of a replica for an attempt, as it is narrowed.
type choice struct {
	e     *executor
	cause cause
	// from are those that are left to choose from, turn whose turn among them it is, and not the one that is not wanted
	// (nil: none).
	from []*replica
	turn *atomic.Uint64
	not  *replica
	room [8]*replica // for from, where there are few
}

var choices = sync.Pool{New: func() any { return new(choice) }}

// begin has the choice begin with all of these that are there, as far as this instance was told.
func (c *choice) begin(all []*replica, turn *atomic.Uint64) {
	c.from, c.turn = all, turn
	if c.e.to.away.Load() > 0 {
		c.keep(func(r *replica) bool { return !r.withdrawn.Load() })
	}
}

// keep narrows the choice to those that are ok. Where none is, it stays as it was, and keep is false.
func (c *choice) keep(ok func(*replica) bool) bool {
	kept := c.room[:0] // which from may be in: no further than what was looked at
	for _, r := range c.from {
		if ok(r) {
			kept = append(kept, r)
		}
	}
	if len(kept) > 0 {
		c.from = kept
	}
	return len(kept) > 0
}

// pick chooses a replica for an attempt. It does so from what this instance alone has in flight: it knows of no other caller.
func (e *executor) pick(c cause) *replica { return e.pickBut(c, nil) }

// pickBut does not choose the given replica, unless there is no other.
func (e *executor) pickBut(c cause, not *replica) *replica {
	if len(e.choosers) == 0 && e.slow == nil && e.to.away.Load() == 0 {
		return e.balanced(c, e.to.replicas, &e.to.next, not)
	}
	one := choices.Get().(*choice)
	one.e, one.cause, one.not = e, c, not
	r := one.made()
	choices.Put(one)
	return r
}

// made asks each chooser, in order, and balances what is left.
func (c *choice) made() *replica {
	c.begin(c.e.to.replicas, &c.e.to.next)
	for _, by := range c.e.choosers {
		if r := by.narrow(c); r != nil {
			return r
		}
	}
	r := c.e.balanced(c.cause, c.from, c.turn, c.not)
	if c.e.slow != nil && c.e.slow.instead(c, r) {
		return c.e.balanced(c.cause.step("warm"), c.from, c.turn, c.not)
	}
	return r
}

// balanced chooses among some replicas; turn counts for those that take turns.
func (e *executor) balanced(c cause, all []*replica, turn *atomic.Uint64, not *replica) *replica {
	if len(all) == 1 {
		return all[0]
	}
	switch e.balance {
	case randomly, twoChoices:
		return e.drawn(c, all, not)
	case leastInFlight:
		return leastBusy(all, turn, not)
	default:
		if r := next(all, turn); r != not {
			return r
		}
		return next(all, turn)
	}
}

// drawn is a random replica, or the less busy of two.
func (e *executor) drawn(c cause, all []*replica, not *replica) *replica {
	chance := e.i.chance(c, "balance")
	from := len(all)
	if not != nil && slices.Contains(all, not) {
		from--
	} else {
		not = nil
	}
	// other is the nth replica, the one not wanted left out.
	other := func(n int) *replica {
		if not != nil && all[n] == not {
			return all[from]
		}
		return all[n]
	}
	first := chance.IntN(from)
	if e.balance == randomly || from == 1 {
		return other(first)
	}
	second := chance.IntN(from - 1)
	if second >= first {
		second++
	}
	a, b := other(first), other(second)
	if b.busy.Load() < a.busy.Load() {
		return b
	}
	return a
}

// next is the replica whose turn it is.
func next(all []*replica, turn *atomic.Uint64) *replica {
	return all[turn.Add(1)%uint64(len(all))]
}

// leastBusy begins to look at the replica whose turn it is, so that equals are taken in turn.
func leastBusy(all []*replica, turn *atomic.Uint64, not *replica) *replica {
	start := turn.Add(1)
	var best *replica
	var least int64
	for n := range uint64(len(all)) {
		r := all[(start+n)%uint64(len(all))]
		if busy := r.busy.Load(); r != not && (best == nil || busy < least) {
			best, least = r, busy
		}
	}
	return best
}
