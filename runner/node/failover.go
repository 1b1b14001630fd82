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

// errAllOut is why a callee is passed over where there is another node.
var errAllOut = errors.New("every replica is ejected")

// newGuardOr is a guard of a node's calls that goes on to others, in order, where the node has failed for good.
func (i *instance) newGuardOr(node string, others []string, policies ...scenarios.Policy) (*guard, error) {
	g, err := i.newGuard(node, policies...)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		other, err := i.newGuard(name, policies...)
		if err != nil {
			return nil, err
		}
		g.others = append(g.others, other)
	}
	return g, nil
}

// orElse makes the call at the guard's node and, where that has failed for good, at the others: all within ctx, and so within
// the time that its caller has left. It does not wait for a node of which every replica is ejected.
func (g *guard) orElse(ctx context.Context, c cause, hedged bool, try attempt) *failure {
	var made atomic.Bool // of attempts of this call, any
	noting := func(ctx context.Context, to *replica, c cause, n int) outcome {
		made.Store(true)
		return try(ctx, to, c, n)
	}
	f := &failure{ending: rejected, status: http.StatusServiceUnavailable, to: g.to.node, err: errAllOut}
	if !g.outliers.allOut() {
		f = g.doing(ctx, c, hedged, noting)
	}
	for n, other := range g.others {
		if f == nil || f.spent || f.ending != failed && f.ending != rejected || ctx.Err() != nil {
			return f
		}
		if other.outliers.allOut() && n < len(g.others)-1 {
			continue
		}
		g.i.metrics.failovers.Add(1)
		f = other.doing(ctx, c.elsewhere(n, made.Load()), hedged, noting)
	}
	return f
}

// elsewhere is the cause of a call at the nth other node; retried tells that it is not the first attempt.
func (c cause) elsewhere(n int, retried bool) cause {
	c.draw = chance.Scramble(c.draw ^ uint64(0x656c7365+n)) // "else"
	c.retried = c.retried || retried
	return c
}

// mark says in an answer's headers who gave it, where that is not the node that was meant.
func (g *guard) mark(h http.Header, by *replica) {
	if by.node != g.to.node {
		h.Set(wire.HeaderFailover, by.node)
	}
}
