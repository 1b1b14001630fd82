package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// executor makes the calls of one kind to one callee, as often, when and where their policies say.
type executor struct {
	i  *instance
	to *upstream
	// timeout bounds each attempt; 0: it has no bound.
	timeout time.Duration
	// deadline tells that calls say how much time they have left.
	deadline bool
	balance  balance
	composed
}

// newExecutor merges the policies, the more special first, and fails if the node to call is not there.
func (i *instance) newExecutor(node string, policies ...scenarios.Policy) (*executor, error) {
	to := i.upstreams[node]
	if to == nil || len(to.replicas) == 0 {
		return nil, fmt.Errorf("find upstream %q: %w", node, errNoUpstream)
	}
	p := mergePolicies(policies)
	e := &executor{i: i, to: to, timeout: p.Timeout, deadline: p.Deadline == propagate, balance: balances[p.Balance]}
	e.compose(p)
	return e, nil
}

func mergePolicies(policies []scenarios.Policy) scenarios.Policy {
	var out scenarios.Policy
	for _, p := range policies {
		out = out.Over(p)
	}
	return out
}

// exchange makes the nth attempt at a replica.
type exchange func(ctx context.Context, to *replica, c cause, n int) outcome

// outcome is what one attempt came to.
type outcome struct {
	f *failure
	// settle takes the attempt's answer, or drops it where another attempt's was taken; nil where there is nothing to take.
	settle func(taken bool)
	// body is the answer's where it still has to come: the attempt is over when it is closed.
	body *streamed
}

// take takes the attempt's answer, or drops it.
func (o outcome) take(it bool) {
	if o.settle != nil {
		o.settle(it)
	}
}

// do makes attempts until one succeeds or the policies say that it is enough, and returns the last one's failure.
func (e *executor) do(ctx context.Context, c cause, do exchange) *failure {
	return e.run(ctx, c, task{do: do})
}

// doSafely is do for what may be done twice: it hedges where the policy says so.
func (e *executor) doSafely(ctx context.Context, c cause, do exchange) *failure {
	return e.run(ctx, c, task{do: do, safe: true})
}

// safe tells whether a request may be made twice at once without harm (RFC 9110, 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (e *executor) run(ctx context.Context, c cause, t task) *failure {
	if e.round == nil {
		return e.once(ctx, c, 1, t)
	}
	return e.round(ctx, c, 1, t)
}

// once makes one attempt, if the gates let it, and takes its answer.
func (e *executor) once(ctx context.Context, c cause, n int, t task) *failure {
	came := e.attemptAt(ctx, e.pick(c), c, n, t.do)
	came.take(true)
	return came.f
}

// attemptAt is once at a chosen replica, the answer not yet taken.
func (e *executor) attemptAt(ctx context.Context, to *replica, c cause, n int, do exchange) outcome {
	if len(e.gates) == 0 {
		return e.exchanged(ctx, to, c, n, do)
	}
	return e.gated(ctx, to, c, n, do)
}

// gated asks each gate in order, and those that admitted the attempt learn what it came to, last first.
func (e *executor) gated(ctx context.Context, to *replica, c cause, n int, do exchange) outcome {
	var permits [len(order)]permit
	a := attempt{e, to, c}
	for k, g := range e.gates {
		p, f := g.admit(ctx, a)
		if f != nil {
			return a.settle(permits[:k], attemptResult{outcome: outcome{f: f}})
		}
		permits[k] = p
	}
	came := attemptResult{made: true}
	if e.timed {
		began := time.Now()
		came.outcome = e.exchanged(ctx, to, c, n, do)
		came.took = time.Since(began)
	} else {
		came.outcome = e.exchanged(ctx, to, c, n, do)
	}
	return a.settle(permits[:len(e.gates)], came)
}

// settle tells the gates that gave their permits what the attempt came to.
func (a attempt) settle(permits []permit, came attemptResult) outcome {
	for k := len(permits) - 1; k >= 0; k-- {
		a.e.gates[k].settle(a, permits[k], came)
	}
	return came.outcome
}

// exchanged makes the attempt and counts it.
func (e *executor) exchanged(ctx context.Context, to *replica, c cause, n int, do exchange) outcome {
	to.counts.begin(n, c.retried)
	to.busy.Add(1)
	came := do(ctx, to, c, n)
	if came.body != nil {
		came.body.whenOver(func() { to.busy.Add(-1) })
	} else {
		to.busy.Add(-1)
	}
	if came.f.bad() {
		to.counts.failures.Add(1)
	}
	return came
}

// bounded gives an attempt its timeout, if there is one.
func (e *executor) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, e.timeout)
}
