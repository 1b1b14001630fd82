package call

import (
	"context"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// policy is one rule for the calls to a callee: a type in a file of its own, with its state, which is a wrapper, a gate, a
// chooser or several of them. A new one is that file, its row in order, and its field in scenarios.Policy.
type policy any

// round is one go at a task: at least one attempt, the nth of the call being its first, and why it failed.
type round func(ctx context.Context, c host.Trace, n int, t Task) *Failure

// Task is what a call has done at a replica, as often as its policies say; safe: also twice at once.
type Task struct {
	Do   exchange
	Safe bool
}

// wrapper has a say in how attempts follow each other.
type wrapper interface {
	// wrap is a round that makes what rounds it needs of next. It is called once, while the executor is built.
	wrap(next round) round
}

// gate has a say in whether an attempt is made, and learns what it came to. It is safe for concurrent use.
type gate interface {
	// admit lets an attempt through, or says why not. It may wait until ctx ends.
	admit(ctx context.Context, a attempt) (permit, *Failure)
	// settle learns what an attempt came to that it admitted, and gets its permit back. Where a gate behind it did not
	// admit the attempt, that is what it came to, and it was not made.
	settle(a attempt, p permit, r attemptResult)
}

// permit is what a gate notes of an attempt that it admitted: the period of its own state that it began in.
type permit struct{ period int }

// attemptResult is what the gates learn of an attempt.
type attemptResult struct {
	Outcome
	// made is false where a gate did not admit the attempt.
	made bool
	// took is how long it took, where somebody wants to know.
	took time.Duration
}

// chooser has a say in which replica an attempt goes to. It is safe for concurrent use.
type chooser interface {
	// narrow takes away those that are not to be chosen; where it returns one, that one is chosen.
	narrow(c *choice) *Replica
}

// attempt is one attempt on its way through the gates.
type attempt struct {
	e     *Executor
	to    *Replica
	Trace host.Trace
}

// order is the table of policies: each key of the language that has a unit, and what makes the unit for a callee (nil where
// the policy is off). The first is the outermost: it wraps the others, admits an attempt before them, learns what it came
// to after them, and narrows the choice before them.
var order = [...]struct {
	key string
	on  func(*making) policy
}{
	{"retry", newRetry},
	{"shard", newShards},
	{"slow_start", newSlowStart}, // before those that tell it of a replica that is back
	{"health_check", newHealth},
	{"hedge", newHedge}, // the last that wraps: it makes its attempts itself
	{"outliers", newOutliers},
	{"prefer", newPrefer},
	{"throttle", newThrottle},
	{"bulkhead", newBulkhead},
	{"circuit_breaker", newBreaker},
}

// making is what a policy is made from: what the scenario says, and whose it is to be.
type making struct {
	scenarios.Policy
	e *Executor
	// back is to be told of a replica that is back; nil where nobody wants to know.
	back func(*Replica)
}

// composed are the policies of an executor that are on, in order, and again by what they have a say in.
type composed struct {
	all      []policy
	gates    []gate
	choosers []chooser
	// slow is the one that may pass a chosen replica over; nil: none.
	slow *slowStart
	// round is nil where a call is one attempt.
	round round
	// repeats tells that a call may take more than one attempt, one after the other.
	repeats bool
	// timed tells that somebody wants to know how long attempts take.
	timed bool
}

// compose turns on what the policy says.
func (e *Executor) compose(p scenarios.Policy) {
	m := &making{Policy: p, e: e}
	for _, row := range order {
		if on := row.on(m); on != nil {
			e.all = append(e.all, on)
		}
	}
	for n := len(e.all) - 1; n >= 0; n-- {
		if w, is := e.all[n].(wrapper); is {
			e.wrap(w)
		}
	}
	for _, on := range e.all {
		if g, is := on.(gate); is {
			e.gates = append(e.gates, g)
		}
		if c, is := on.(chooser); is {
			e.choosers = append(e.choosers, c)
		}
	}
}

// wrap puts a wrapper around what there is.
func (e *Executor) wrap(w wrapper) {
	if e.round == nil {
		e.round = e.Once
	}
	e.round = w.wrap(e.round)
}
