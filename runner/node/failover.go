package node

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var failoversTotal = newCounter("squall_failovers_total",
	"Calls made to another node because the one that was meant, or the one before it, had failed for "+
		"good or was not to be called.")

// errAllOut is why a callee is passed over where there is another node.
var errAllOut = errors.New("every replica is ejected")

// failover goes on to other nodes, in order, where the node has failed for good.
type failover struct {
	e      *executor
	others []*executor
}

// newExecutorOr is an executor of calls to a node that goes on to others.
func (i *instance) newExecutorOr(node string, others []string, policies ...scenarios.Policy) (*executor, error) {
	e, err := i.newExecutor(node, policies...)
	if err != nil || len(others) == 0 {
		return e, err
	}
	f := &failover{e: e}
	for _, name := range others {
		other, err := i.newExecutor(name, policies...)
		if err != nil {
			return nil, err
		}
		f.others = append(f.others, other)
	}
	e.wrap(f)
	e.repeats = true
	return e, nil
}

// wrap makes the call at the node and, where that has failed for good, at the others: all within ctx, and so within the
// time that its caller has left. It does not wait for a node of which every replica is ejected.
func (f *failover) wrap(next round) round {
	return func(ctx context.Context, c cause, n int, t task) *failure {
		var made atomic.Bool // of attempts of this call, any
		do := t.do
		t.do = func(ctx context.Context, to *replica, c cause, n int) outcome {
			made.Store(true)
			return do(ctx, to, c, n)
		}
		why := reject(f.e.to.node, errAllOut)
		if !f.e.allOut() {
			why = next(ctx, c, n, t)
		}
		for n, other := range f.others {
			if why == nil || why.nonReplayable || why.class != failed && why.class != rejected || ctx.Err() != nil {
				return why
			}
			if other.allOut() && n < len(f.others)-1 {
				continue
			}
			failoversTotal.in(f.e.i.metrics).Add(1)
			why = other.run(ctx, c.elsewhere(n, made.Load()), t)
		}
		return why
	}
}

// allOut tells that a policy keeps every replica away from the choice.
func (e *executor) allOut() bool {
	for _, on := range e.all {
		if o, is := on.(interface{ allOut() bool }); is && o.allOut() {
			return true
		}
	}
	return false
}

// elsewhere is the cause of a call at the nth other node; retried tells that it is not the first attempt.
func (c cause) elsewhere(n int, retried bool) cause {
	c.draw = chance.Scramble(c.draw ^ uint64(0x656c7365+n)) // "else"
	c.retried = c.retried || retried
	return c
}

// mark says in an answer's headers who gave it, where that is not the node that was meant.
func (e *executor) mark(h http.Header, by *replica) {
	if by.node != e.to.node {
		h.Set(wire.HeaderFailover, by.node)
	}
}
