package node

import (
	"slices"
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

// pick chooses a replica for an attempt. It does so from what this instance alone has in flight: it knows of no other caller.
func (g *guard) pick(c cause) *replica { return g.pickBut(c, nil) }

// pickBut does not choose the given replica, unless there is no other.
func (g *guard) pickBut(c cause, not *replica) *replica {
	from, turn := g.to.replicas, &g.to.next
	if g.shards != nil {
		mine := g.shards.of(c.tenant)
		from, turn = mine.replicas, &mine.next
	}
	if g.to.away.Load() > 0 {
		var room [8]*replica
		from = g.to.present(room[:0], from)
	}
	if g.health != nil {
		var room [8]*replica
		from = g.health.narrow(room[:0], from)
	}
	if g.outliers != nil {
		var room [8]*replica // on the stack, where there are few
		var probe *replica
		if from, probe = g.outliers.narrow(room[:0], from, not); probe != nil {
			return probe
		}
	}
	if g.prefer != "" && g.prefer != "none" {
		var room [8]*replica
		from = g.nearest(room[:0], from, not)
	}
	r := g.balanced(c, from, turn, not)
	if g.warming != nil {
		var room [8]*replica
		if warm := g.warming.instead(room[:0], from, r, not, g.i, c); len(warm) > 0 {
			return g.balanced(c.step("warm"), warm, turn, not)
		}
	}
	return r
}

// nearest appends those that are nearest to room, of what is preferred; not the one not wanted, which has been asked.
func (g *guard) nearest(room, from []*replica, not *replica) []*replica {
	how := func(r *replica) int {
		switch {
		case r == not:
			return -1
		case r.Near == "":
			return 0
		case r.Near == "zone" && g.prefer == "zone":
			return 2
		default:
			return 1
		}
	}
	best := 0
	for _, r := range from {
		best = max(best, how(r))
	}
	if best == 0 {
		return from
	}
	for _, r := range from {
		if how(r) == best {
			room = append(room, r)
		}
	}
	return room
}

// balanced chooses among some replicas; turn counts for those that take turns.
func (g *guard) balanced(c cause, all []*replica, turn *atomic.Uint64, not *replica) *replica {
	if len(all) == 1 {
		return all[0]
	}
	switch g.balance {
	case randomly, twoChoices:
		return g.drawn(c, all, not)
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
func (g *guard) drawn(c cause, all []*replica, not *replica) *replica {
	chance := g.i.chance(c, "balance")
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
	if g.balance == randomly || from == 1 {
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
