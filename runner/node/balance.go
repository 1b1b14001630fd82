package node

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
	all := g.to.replicas
	if len(all) == 1 {
		return all[0]
	}
	switch g.balance {
	case randomly, twoChoices:
		chance := g.i.chance(c, "balance")
		from := len(all)
		if not != nil {
			from--
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
	case leastInFlight:
		return g.to.leastBusy(not)
	default:
		if r := g.to.pick(); r != not {
			return r
		}
		return g.to.pick()
	}
}

// leastBusy begins to look at the replica whose turn it is, so that equals are taken in turn.
func (u *upstream) leastBusy(not *replica) *replica {
	start := u.next.Add(1)
	var best *replica
	var least int64
	for n := range uint64(len(u.replicas)) {
		r := u.replicas[(start+n)%uint64(len(u.replicas))]
		if busy := r.busy.Load(); r != not && (best == nil || busy < least) {
			best, least = r, busy
		}
	}
	return best
}
