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
	// Key is whose place the attempts go to, where each replica has keys of its own; "": to any.
	Key string
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

// making is what a policy is made from: what the scenario says, and whose it is to be.
type making struct {
	scenarios.Policy
	e *Executor
	// back is to be told of a replica that is back; nil where nobody wants to know.
	back func(*Replica)
}
