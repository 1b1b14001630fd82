package node

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// mostBackoff is the longest backoff where a retry policy sets none.
const mostBackoff = 10 * time.Second

// backoff is the wait before attempt n (2 is the first retry): Backoff doubled for each further one, at most Most, jittered.
// last is the wait before the attempt before, 0 where there was none: decorrelated jitter grows from it, not with n.
func backoff(r *scenarios.Retry, n int, last time.Duration, chance *rand.Rand) time.Duration {
	most := r.Most
	if most <= 0 {
		most = mostBackoff
	}
	wait := min(r.Backoff, most)
	for range n - 2 {
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

// budgetHolds is the most retries that a budget saves up; it starts full.
const budgetHolds = 10

// budget bounds retries to a share of first attempts: each first attempt pays the share in, each
// retry takes 1 out. So over any stretch retries are at most 10 + share * first attempts.
// A nil budget has no bound. It is safe for concurrent use.
type budget struct {
	share float64
	mu    sync.Mutex
	saved float64
}

func newBudget(r *scenarios.Retry) *budget {
	if r == nil || r.Budget <= 0 {
		return nil
	}
	return &budget{share: r.Budget, saved: budgetHolds}
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
