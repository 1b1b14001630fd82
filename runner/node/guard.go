package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// ending is how an attempt ended, as its caller counts it.
type ending int

const (
	// failed: a transport error, a timeout, a status of 500 or more, 408 or 429. The breaker counts it.
	failed ending = iota
	// declined: the callee was well and said no (4xx, a wrong statement). Not the callee's failure, and no retry helps.
	declined
	// abandoned: this side's own caller was gone. It says nothing about the callee.
	abandoned
	// rejected: not attempted, the breaker was open.
	rejected
	// partial is no failure: there is an answer, and it is a degraded one. Caches do not keep it.
	partial
)

// failure is why a call did not succeed.
type failure struct {
	ending ending
	// status is what this node answers because of it: 502, 503 or 504.
	status int
	// again tells that another attempt may help.
	again bool
	// spent tells that the request can't be sent once more, to anybody.
	spent bool
	// lost tells that there was no connection, or that it broke.
	lost bool
	to   string
	err  error
}

func (f *failure) Error() string { return fmt.Sprintf("call %q: %s", f.to, f.err) }
func (f *failure) Unwrap() error { return f.err }

var (
	errBreakerOpen = errors.New("circuit breaker is open")
	errNoUpstream  = errors.New("no such upstream")
)

// failureOf sorts what went wrong with an attempt whose own context was attempt, within the call's context ctx.
func failureOf(ctx, attempt context.Context, to string, timeout time.Duration, err error) *failure {
	switch {
	case ctx.Err() != nil:
		return &failure{ending: abandoned, status: statusGone(ctx), to: to, err: ctx.Err()}
	case attempt.Err() != nil:
		return &failure{ending: failed, status: http.StatusGatewayTimeout, again: true, to: to, err: fmt.Errorf("no answer within %s", timeout)}
	default:
		return &failure{ending: failed, status: http.StatusBadGateway, again: true, lost: true, to: to, err: err}
	}
}

// failureStatus is the failure that a status stands for, nil for an answer below 400.
func failureStatus(to string, status int) *failure {
	switch {
	case status < 400:
		return nil
	case status == http.StatusTooManyRequests:
		return &failure{ending: failed, status: http.StatusBadGateway, to: to, err: fmt.Errorf("answered %d", status)}
	case status < 500 && status != http.StatusRequestTimeout:
		return &failure{ending: declined, status: http.StatusBadGateway, to: to, err: fmt.Errorf("answered %d", status)}
	default:
		return &failure{ending: failed, status: http.StatusBadGateway, again: true, to: to, err: fmt.Errorf("answered %d", status)}
	}
}

// statusAbandoned is counted where the caller is gone and nobody reads the status (nginx's 499).
const statusAbandoned = 499

// guard is the policy of one kind of call, with its state: the timeout of an attempt, retries and
// their budget, the circuit breaker. The breaker stands inside the retries: it counts attempts, and
// when it is open nothing is retried.
type guard struct {
	i       *instance
	to      *upstream
	timeout time.Duration
	retry   scenarios.Retry
	budget  *budget
	breaker *breaker
	balance balance
	hedge   *hedge
	// bulkhead and throttle are nil where there is none.
	bulkhead *bulkhead
	throttle *throttle
	// prefer is how near a replica is to be where there is a choice.
	prefer string
	// health is nil where replicas are not checked.
	health *health
	// warming is nil where a replica that comes back gets its whole share at once.
	warming *warming
	// shards are nil where every tenant may use every replica.
	shards *shards
	// others are asked, in order, where the node has failed for good.
	others []*guard
	// outliers are nil where no replica is ever left alone.
	outliers *outliers
	// deadline tells that calls say how much time they have left.
	deadline bool
}

// newGuard merges the policies, the more special first, and fails if the node to call is not there.
func (i *instance) newGuard(node string, policies ...scenarios.Policy) (*guard, error) {
	to := i.upstreams[node]
	if to == nil || len(to.replicas) == 0 {
		return nil, fmt.Errorf("find upstream %q: %w", node, errNoUpstream)
	}
	p := mergePolicies(policies)
	g := &guard{i: i, to: to, timeout: p.Timeout, budget: i.budgetFor(to, p.Retry), breaker: i.breakerFor(to, p.Breaker), balance: balances[p.Balance], hedge: newHedge(p.Hedge)}
	g.bulkhead = shared(i.bulkheads, policyOf[scenarios.Bulkhead]{to, p.Bulkhead}, func() *bulkhead { return newBulkhead(p.Bulkhead, i.metrics) })
	g.throttle = shared(i.throttles, policyOf[scenarios.Throttle]{to, p.Throttle}, func() *throttle { return newThrottle(p.Throttle) })
	g.outliers = shared(i.outliers, policyOf[scenarios.Outliers]{to, p.Outliers}, func() *outliers { return newOutliers(p.Outliers, len(to.replicas), i.metrics) })
	g.shards, g.prefer, g.warming = newShards(p.Shard, to), p.Prefer, i.warmingFor(to, p.SlowStart)
	g.health = i.healthFor(to, p.HealthCheck)
	if g.outliers != nil && g.warming != nil {
		g.outliers.back = g.warming.begin
	}
	if g.health != nil && g.warming != nil {
		g.health.back = g.warming.begin
	}
	g.deadline = p.Deadline == propagate
	if p.Retry != nil {
		g.retry = *p.Retry
	}
	return g, nil
}

// policyOf is a part of a policy as it applies to one callee. Steps and routes that take the node's own
// policy share one breaker and one budget for each callee; a step's override is its own.
type policyOf[T any] struct {
	to   *upstream
	part *T
}

func (i *instance) breakerFor(to *upstream, b *scenarios.Breaker) *breaker {
	key := policyOf[scenarios.Breaker]{to, b}
	if i.breakers[key] == nil {
		i.breakers[key] = newBreaker(b, i.metrics)
	}
	return i.breakers[key]
}

func (i *instance) budgetFor(to *upstream, r *scenarios.Retry) *budget {
	key := policyOf[scenarios.Retry]{to, r}
	if i.budgets[key] == nil {
		i.budgets[key] = newBudget(r)
	}
	return i.budgets[key]
}

// shared is the one that there is for a key, made where there is none yet.
func shared[K comparable, V any](all map[K]*V, key K, make func() *V) *V {
	if all[key] == nil {
		all[key] = make()
	}
	return all[key]
}

func mergePolicies(policies []scenarios.Policy) scenarios.Policy {
	var out scenarios.Policy
	for _, p := range policies {
		out = out.Over(p)
	}
	return out
}

// attempt makes the nth attempt at a replica.
type attempt func(ctx context.Context, to *replica, c cause, n int) outcome

// outcome is what one attempt came to.
type outcome struct {
	f *failure
	// settle takes the attempt's answer, or drops it where another attempt's was taken; nil where there is nothing to take.
	settle func(taken bool)
	// body is the answer's where it still has to come: the attempt is over when it is closed.
	body *streamed
}

// do makes attempts until one succeeds or the policy says that it is enough, and returns the last one's failure.
func (g *guard) do(ctx context.Context, c cause, try attempt) *failure {
	return g.calling(ctx, c, false, try)
}

// doSafely is do for what may be done twice: it hedges where the policy says so.
func (g *guard) doSafely(ctx context.Context, c cause, try attempt) *failure {
	return g.calling(ctx, c, g.hedge != nil && !(g.hedge.tied && g.to.kind == scenarios.KindDatabase), try)
}

func (g *guard) calling(ctx context.Context, c cause, hedged bool, try attempt) *failure {
	if len(g.others) > 0 {
		return g.orElse(ctx, c, hedged, try)
	}
	return g.doing(ctx, c, hedged, try)
}

func (g *guard) doing(ctx context.Context, c cause, hedged bool, try attempt) *failure {
	g.budget.pay()
	var wait time.Duration
	for n := 1; ; n++ {
		if g.health.nobody() {
			return &failure{ending: rejected, status: http.StatusServiceUnavailable, to: g.to.node, err: errNobodyWell}
		}
		var f *failure
		if hedged && g.hedge.tied {
			f = g.tied(ctx, c.attempt(n), n, try)
		} else if hedged {
			f = g.twice(ctx, c.attempt(n), n, try)
		} else {
			f = g.once(ctx, c.attempt(n), n, try)
		}
		if f == nil || !f.again || n >= g.retry.Attempts {
			return f
		}
		if !g.budget.take() {
			g.i.metrics.budgetExhausted.Add(1)
			return f
		}
		wait = backoff(&g.retry, n+1, wait, g.i.chance(c.attempt(n+1), "backoff"))
		if err := g.i.sleep(ctx, wait); err != nil {
			return &failure{ending: abandoned, status: statusGone(ctx), to: g.to.node, err: err}
		}
	}
}

// once makes one attempt, if the breaker lets it, counts it and takes its answer.
func (g *guard) once(ctx context.Context, c cause, n int, try attempt) *failure {
	came := g.attemptAt(ctx, g.pick(c), c, n, try)
	came.take(true)
	return came.f
}

// attemptAt is once at a chosen replica, the answer not yet taken.
func (g *guard) attemptAt(ctx context.Context, to *replica, c cause, n int, try attempt) outcome {
	if g.outliers == nil {
		came := g.admitted(ctx, to, c, n, try)
		g.warming.end(to, came.f)
		return came
	}
	var took time.Duration
	period := g.outliers.begin(to)
	came := g.admitted(ctx, to, c, n, func(ctx context.Context, to *replica, c cause, n int) outcome {
		began := time.Now()
		defer func() { took = time.Since(began) }()
		return try(ctx, to, c, n)
	})
	g.outliers.end(to, period, came.f, took)
	g.warming.end(to, came.f)
	return came
}

// admitted makes the attempt if the throttle, the bulkhead and the breaker let it.
func (g *guard) admitted(ctx context.Context, to *replica, c cause, n int, try attempt) outcome {
	if f := g.throttled(c); f != nil {
		return outcome{f: f}
	}
	if f := g.board(ctx); f != nil {
		return outcome{f: f}
	}
	leave, ok := g.breaker.admit()
	if !ok {
		g.bulkhead.leave()
		return outcome{f: &failure{ending: rejected, status: http.StatusServiceUnavailable, to: g.to.node, err: errBreakerOpen}}
	}
	to.counts.begin(n, c.retried)
	to.busy.Add(1)
	came := try(ctx, to, c, n)
	if came.body != nil {
		came.body.over = func() { g.left(to) } // the attempt is over with its body
	} else {
		g.left(to)
	}
	f := came.f
	switch {
	case f != nil && f.ending == failed:
		to.counts.failures.Add(1)
		g.throttle.count(false)
		g.breaker.record(leave, true)
	case f != nil && f.ending == abandoned:
		g.throttle.forget()
		g.breaker.release(leave)
	default:
		g.throttle.count(true)
		g.breaker.record(leave, false)
	}
	return came
}

// take takes the attempt's answer, or drops it.
func (o outcome) take(it bool) {
	if o.settle != nil {
		o.settle(it)
	}
}

// left gives back what an attempt held.
func (g *guard) left(to *replica) {
	to.busy.Add(-1)
	g.bulkhead.leave()
}

// bounded gives an attempt its timeout, if there is one.
func (g *guard) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if g.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, g.timeout)
}
