package call

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var failoversTotal = host.NewCounter("squall_failovers_total",
	"Calls made to another node because the one that was meant, or the one before it, had failed for "+
		"good or was not to be called.")

// errAllOut is why a callee is passed over where there is another node.
var errAllOut = errors.New("every replica is ejected")

// failover goes on to other nodes, in order, where the node has failed for good.
type failover struct {
	e      *Executor
	others []*Executor
}

// NewWithFailover is an executor of calls to a node that goes on to others.
func NewWithFailover(i *host.Instance, node string, others []string, policies ...scenarios.Policy) (*Executor, error) {
	e, err := New(i, node, policies...)
	if err != nil || len(others) == 0 {
		return e, err
	}
	f := &failover{e: e}
	for _, name := range others {
		other, err := New(i, name, policies...)
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
	return func(ctx context.Context, c host.Trace, n int, t Task) *Failure {
		var made atomic.Bool // of attempts of this call, any
		do := t.Do
		t.Do = func(ctx context.Context, to *Replica, c host.Trace, n int) Outcome {
			made.Store(true)
			return do(ctx, to, c, n)
		}
		why := reject(f.e.To.Node, errAllOut)
		if !f.e.allOut() {
			why = next(ctx, c, n, t)
		}
		for n, other := range f.others {
			if why == nil || why.nonReplayable || why.Class != Failed && why.Class != Rejected || ctx.Err() != nil {
				return why
			}
			if other.allOut() && n < len(f.others)-1 {
				continue
			}
			failoversTotal.In(f.e.i.Metrics).Add(1)
			why = other.Run(ctx, c.Elsewhere(n, made.Load()), t)
		}
		return why
	}
}

// allOut tells that a policy keeps every replica away from the choice.
func (e *Executor) allOut() bool {
	for _, on := range e.all {
		if o, is := on.(interface{ allOut() bool }); is && o.allOut() {
			return true
		}
	}
	return false
}

// Mark says in an answer's headers who gave it, where that is not the node that was meant.
func (e *Executor) Mark(h http.Header, by *Replica) {
	if by.Node != e.To.Node {
		h.Set(wire.HeaderFailover, by.Node)
	}
}
