package call

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/runner/node/internal/host"
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
	e     *Executor
	Trace host.Trace
	// from are those that are left to choose from, turn whose turn among them it is, and not the one that is not wanted
	// (nil: none).
	from []*Replica
	turn *atomic.Uint64
	not  *Replica
	room [8]*Replica // for from, where there are few
}

var choices = sync.Pool{New: func() any { return new(choice) }}

// begin has the choice begin with all of these that are there, as far as this instance was told.
func (c *choice) begin(all []*Replica, turn *atomic.Uint64) {
	c.from, c.turn = all, turn
	if c.e.To.away.Load() > 0 {
		c.keep(func(r *Replica) bool { return !r.withdrawn.Load() })
	}
}

// keep narrows the choice to those that are ok. Where none is, it stays as it was, and keep is false.
func (c *choice) keep(ok func(*Replica) bool) bool {
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
func (e *Executor) pick(c host.Trace) *Replica { return e.pickBut(c, nil) }

// pickBut does not choose the given replica, unless there is no other.
func (e *Executor) pickBut(c host.Trace, not *Replica) *Replica {
	if len(e.choosers) == 0 && e.slow == nil && e.To.away.Load() == 0 {
		return e.balanced(c, e.To.Replicas, &e.To.next, not)
	}
	one := choices.Get().(*choice)
	one.e, one.Trace, one.not = e, c, not
	r := one.made()
	choices.Put(one)
	return r
}

// made asks each chooser, in order, and balances what is left.
func (c *choice) made() *Replica {
	c.begin(c.e.To.Replicas, &c.e.To.next)
	for _, by := range c.e.choosers {
		if r := by.narrow(c); r != nil {
			return r
		}
	}
	r := c.e.balanced(c.Trace, c.from, c.turn, c.not)
	if c.e.slow != nil && c.e.slow.instead(c, r) {
		return c.e.balanced(c.Trace.Step("warm"), c.from, c.turn, c.not)
	}
	return r
}

// balanced chooses among some replicas; turn counts for those that take turns.
func (e *Executor) balanced(c host.Trace, all []*Replica, turn *atomic.Uint64, not *Replica) *Replica {
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
func (e *Executor) drawn(c host.Trace, all []*Replica, not *Replica) *Replica {
	chance := e.i.Chance(c, "balance")
	from := len(all)
	if not != nil && slices.Contains(all, not) {
		from--
	} else {
		not = nil
	}
	// other is the nth replica, the one not wanted left out.
	other := func(n int) *Replica {
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
func next(all []*Replica, turn *atomic.Uint64) *Replica {
	return all[turn.Add(1)%uint64(len(all))]
}

// leastBusy begins to look at the replica whose turn it is, so that equals are taken in turn.
func leastBusy(all []*Replica, turn *atomic.Uint64, not *Replica) *Replica {
	start := turn.Add(1)
	var best *Replica
	var least int64
	for n := range uint64(len(all)) {
		r := all[(start+n)%uint64(len(all))]
		if busy := r.busy.Load(); r != not && (best == nil || busy < least) {
			best, least = r, busy
		}
	}
	return best
}
