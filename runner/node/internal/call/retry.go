package call

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var budgetExhaustedTotal = host.NewCounter("squall_retry_budget_exhausted_total",
	"Retries not made because the retry budget was spent.")

// retry repeats attempts that failed and may help.
type retry struct {
	i      *host.Instance
	to     *Callee
	rule   *scenarios.Retry
	budget *budget
}

// newRetry is nil for no retries.
func newRetry(m *making) policy {
	if m.Retry == nil {
		return nil
	}
	m.e.repeats = m.Retry.Attempts > 1
	r := &retry{i: m.e.i, to: m.e.To, rule: m.Retry}
	if m.Retry.Budget != nil {
		r.budget = shared(m.e, m.Retry, func() *budget { return newBudget(*m.Retry.Budget) })
	}
	return r
}

func (r *retry) wrap(next round) round {
	return func(ctx context.Context, c host.Trace, _ int, t Task) (f *Failure) {
		r.budget.pay()
		err := Repeat(r.i, ctx, c, func(n int) (backOff *scenarios.Retry, after time.Duration) {
			f = next(ctx, c.Attempt(n), n, t)
			again, after := r.rule.Attempts > n, time.Duration(0)
			if again && f != nil {
				again, after = r.again(ctx, f)
			}
			if f == nil || !again {
				return nil, 0
			}
			if !r.budget.take() {
				budgetExhaustedTotal.In(r.i.Metrics).Add(1)
				return nil, 0
			}
			return r.rule, after
		})
		if err != nil {
			return &Failure{Class: Abandoned, Status: StatusGone(ctx), To: r.to.Node, Err: err}
		}
		return f
	}
}

// Repeat calls try with n = 1, 2 and so on until it returns nil, and backs off in between by the rule that it returned,
// after what the callee asked for; err tells that ctx ended while it waited.
func Repeat(i *host.Instance, ctx context.Context, why host.Trace, try func(n int) (backOff *scenarios.Retry, after time.Duration)) (err error) {
	var wait time.Duration
	for n := 1; ; n++ {
		rule, after := try(n)
		if rule == nil {
			return nil
		}
		wait = backoff(rule, n+1, wait, i.Chance(why.Attempt(n+1), "backoff"))
		if err := i.Sleep(ctx, max(wait, min(after+wait, longestBackoff(rule)))); err != nil {
			return err
		}
	}
}

// WithoutEnd is how deliveries back off that go on until they succeed, where the scenario does not say how.
var WithoutEnd = &scenarios.Retry{Backoff: 100 * time.Millisecond, Most: 2 * time.Second, Jitter: "equal"}

// mostBackoff is the longest backoff where a retry policy sets none.
const mostBackoff = 10 * time.Second

func longestBackoff(r *scenarios.Retry) time.Duration {
	if r.Most <= 0 {
		return mostBackoff
	}
	return r.Most
}

// backoff is the wait before attempt n (2 is the first retry): Backoff doubled for each further one, at most Most, jittered.
// last is the wait before the attempt before, 0 where there was none: decorrelated jitter grows from it, not with n.
func backoff(r *scenarios.Retry, n int, last time.Duration, chance *rand.Rand) time.Duration {
	most := longestBackoff(r)
	wait := min(r.Backoff, most)
	for k := 2; k < n && wait < most; k++ {
		wait = min(2*wait, most)
	}
	switch r.Jitter {
	case "decorrelated": // Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015
		base := min(r.Backoff, most)
		return min(base+time.Duration(chance.Float64()*float64(3*max(last, base)-base)), most)
	case "full":
		return time.Duration(chance.Float64() * float64(wait))
	case "equal":
		return wait/2 + time.Duration(chance.Float64()*float64(wait/2))
	default:
		return wait
	}
}

// budgetHolds is the most retries that a budget saves up; it starts full, but for one of nothing, which allows none.
const budgetHolds = 10

// budget bounds retries to a share of first attempts: each first attempt pays the share in, each
// retry takes 1 out. So over any stretch retries are at most 10 + share * first attempts.
// A nil budget has no bound. It is safe for concurrent use.
type budget struct {
	share float64
	mu    sync.Mutex
	saved float64
}

func newBudget(share float64) *budget {
	if share == 0 {
		return &budget{}
	}
	return &budget{share: share, saved: budgetHolds}
}

func (b *budget) pay() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+b.share, budgetHolds)
}

// take tells whether a retry may be made.
func (b *budget) take() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A share like 0.1 is not exact in binary: ten of them are a whole retry all the same.
	if b.saved < 1-1e-9 {
		return false
	}
	b.saved--
	return true
}

// DeliveryTimeout bounds one attempt at a delivery where the scenario sets no timeout.
const DeliveryTimeout = 10 * time.Second
