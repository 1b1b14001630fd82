package node

// states hold what calls to one callee share, by the callee and by the part of a policy that it is the state of. Steps
// and routes that take the node's own policy share one breaker and one budget for each callee; a step's override is its
// own. They are filled while a role is built, and not touched after.
type states struct {
	of map[any]any
	// all are the same in the order in which they were made.
	all []any
}

// stateKey is where a state of type S is; P is a pointer to what the scenario says, or what it says itself.
type stateKey[S any, P comparable] struct {
	to   *upstream
	part P
}

// shared is the one state that there is for a callee and a part of a policy, made where there is none yet.
func shared[S any, P comparable](in *states, to *upstream, part P, make func() *S) *S {
	key := stateKey[S, P]{to, part}
	if there, is := in.of[key].(*S); is {
		return there
	}
	made := make()
	if in.of == nil {
		in.of = map[any]any{}
	}
	in.of[key] = made
	in.all = append(in.all, made)
	return made
}

// retire ends the states that no further attempt asks: what is still under way counts for nobody.
func (s *states) retire() {
	for _, one := range s.all {
		if r, is := one.(interface{ retire() }); is {
			r.retire()
		}
	}
}

// checks are those of callees' health.
func (s *states) checks() (all []*health) {
	for _, one := range s.all {
		if h, is := one.(*health); is {
			all = append(all, h)
		}
	}
	return all
}
