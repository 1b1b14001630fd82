package call

import (
	"github.com/squallhq/squall/runner/node/internal/host"
)

// states hold what calls to one callee share, by the callee and by the part of a policy that it is the state of. Steps
// and routes that take the node's own policy share one breaker and one budget for each callee; a step's override is its
// own. They are filled while a role is built, and not touched after.
type states struct{ of map[any]any }

// stateKey is where a state of type S is; P is a pointer to what the scenario says, or what it says itself.
type stateKey[S any, P comparable] struct {
	to   *Callee
	part P
}

// retiring is a state that has something to do when no further attempt asks it: what is still under way counts for nobody.
type retiring interface{ Retire() }

// shared is the one state that there is for an executor's callee and a part of a policy, made where there is none yet.
func shared[S any, P comparable](e *Executor, part P, make func() *S) *S {
	in := host.PerTerm(e.i, func() *states { return &states{of: map[any]any{}} })
	key := stateKey[S, P]{e.To, part}
	if there, is := in.of[key].(*S); is {
		return there
	}
	made := make()
	in.of[key] = made
	if r, is := any(made).(retiring); is {
		e.i.OnRetire(r.Retire)
	}
	return made
}
