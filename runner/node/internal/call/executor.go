// Package call is how an instance calls others: executors, the policies that they are made of (a file each), the choice of
// replicas, and the proxy.
package call

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Executor makes the calls of one kind to one callee, as often, when and where their policies say.
type Executor struct {
	i  *host.Instance
	To *Callee
	// Timeout bounds each attempt; 0: it has no bound.
	Timeout time.Duration
	// deadline tells that calls say how much time they have left.
	deadline bool
	balance  balance
	composed
}

// New merges the policies, the more special first, and fails if the node to call is not there.
func New(i *host.Instance, node string, policies ...scenarios.Policy) (*Executor, error) {
	to := CalleeOf(i, node)
	if to == nil || len(to.Replicas) == 0 {
		return nil, fmt.Errorf("find upstream %q: %w", node, errNoUpstream)
	}
	p := MergePolicies(policies)
	e := &Executor{i: i, To: to, Timeout: p.Timeout, deadline: p.Deadline == host.Propagate, balance: balances[p.Balance]}
	e.compose(p)
	return e, nil
}

func MergePolicies(policies []scenarios.Policy) scenarios.Policy {
	var out scenarios.Policy
	for _, p := range policies {
		out = out.Over(p)
	}
	return out
}

// exchange makes the nth attempt at a replica.
type exchange func(ctx context.Context, to *Replica, c host.Trace, n int) Outcome

// Outcome is what one attempt came to.
type Outcome struct {
	F *Failure
	// Settle takes the attempt's answer, or drops it where another attempt's was taken; nil where there is nothing to take.
	Settle func(taken bool)
	// body is the answer's where it still has to come: the attempt is over when it is closed.
	body *streamed
}

// take takes the attempt's answer, or drops it.
func (o Outcome) take(it bool) {
	if o.Settle != nil {
		o.Settle(it)
	}
}

// Do makes attempts until one succeeds or the policies say that it is enough, and returns the last one's failure.
func (e *Executor) Do(ctx context.Context, c host.Trace, do exchange) *Failure {
	return e.Run(ctx, c, Task{Do: do})
}

// DoSafely is do for what may be done twice: it hedges where the policy says so.
func (e *Executor) DoSafely(ctx context.Context, c host.Trace, do exchange) *Failure {
	return e.Run(ctx, c, Task{Do: do, Safe: true})
}

// Safe tells whether a request may be made twice at once without harm (RFC 9110, 9.2.1).
func Safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (e *Executor) Run(ctx context.Context, c host.Trace, t Task) *Failure {
	if e.round == nil {
		return e.Once(ctx, c, 1, t)
	}
	return e.round(ctx, c, 1, t)
}

// Once makes one attempt, if the gates let it, and takes its answer.
func (e *Executor) Once(ctx context.Context, c host.Trace, n int, t Task) *Failure {
	to := (*Replica)(nil)
	if t.Key != "" {
		to = e.To.Home(t.Key)
	} else {
		to = e.pick(c)
	}
	came := e.AttemptAt(ctx, to, c, n, t.Do)
	came.take(true)
	return came.F
}

// AttemptAt is once at a chosen replica, the answer not yet taken.
func (e *Executor) AttemptAt(ctx context.Context, to *Replica, c host.Trace, n int, do exchange) Outcome {
	if len(e.gates) == 0 {
		return e.exchanged(ctx, to, c, n, do, time.Time{})
	}
	return e.gated(ctx, to, c, n, do)
}

// gated asks each gate in order, and those that admitted the attempt learn what it came to, last first.
func (e *Executor) gated(ctx context.Context, to *Replica, c host.Trace, n int, do exchange) Outcome {
	var permits [len(order)]permit
	a := attempt{e, to, c}
	asked := time.Now()
	for k, g := range e.gates {
		p, f := g.admit(ctx, a)
		if f != nil {
			e.i.Ends(e.i.Attempts(c, to.Instance, n, asked), host.SpanRefused, 0, f.Err)
			return a.settle(permits[:k], attemptResult{Outcome: Outcome{F: f}})
		}
		permits[k] = p
	}
	came := attemptResult{made: true}
	if e.timed {
		began := time.Now()
		came.Outcome = e.exchanged(ctx, to, c, n, do, asked)
		came.took = time.Since(began)
	} else {
		came.Outcome = e.exchanged(ctx, to, c, n, do, asked)
	}
	return a.settle(permits[:len(e.gates)], came)
}

// settle tells the gates that gave their permits what the attempt came to.
func (a attempt) settle(permits []permit, came attemptResult) Outcome {
	for k := len(permits) - 1; k >= 0; k-- {
		a.e.gates[k].settle(a, permits[k], came)
	}
	return came.Outcome
}

// exchanged makes the attempt, counts it and gives it its span. asked is when its gates were, zero where there are none.
func (e *Executor) exchanged(ctx context.Context, to *Replica, c host.Trace, n int, do exchange, asked time.Time) Outcome {
	began := to.Counts.Begin(n, c.Retried)
	to.busy.Add(1)
	if asked.IsZero() {
		asked = began
	}
	c = e.i.Attempts(c, to.Instance, n, asked)
	came := do(ctx, to, c, n)
	if came.body == nil {
		how := ended(came.F)
		to.busy.Add(-1)
		to.Counts.End(how, began)
		e.spanEnds(c, came.F, how)
		return came
	}
	e.endsWith(came.body, to, c, began)
	return came
}

// endsWith counts a successful attempt as over when its answer's body is. (A method, so that an attempt without one allocates nothing.)
func (e *Executor) endsWith(body *streamed, to *Replica, c host.Trace, began time.Time) {
	body.whenOver(func() {
		to.busy.Add(-1)
		to.Counts.End(body.how, began)
		e.spanEnds(c, nil, body.how)
	})
}

// Bounded gives an attempt its timeout, if there is one.
func (e *Executor) Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return e.i.WithTimeout(ctx, e.Timeout)
}

// HandOn says in a call's headers how much time the attempt has left. A node that hands no deadlines on
// does not pass on its caller's either: it would be told to wait longer than is left.
func (e *Executor) HandOn(attempt context.Context, h http.Header) {
	if !e.deadline {
		h.Del(wire.HeaderDeadline)
		return
	}
	if at, ok := attempt.Deadline(); ok {
		h.Set(wire.HeaderDeadline, strconv.FormatFloat(max(time.Until(at), 0).Seconds()*1000, 'f', 3, 64))
	}
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
