package call

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// leastShare is what a replica gets of its share when it has just come back (Envoy's min_weight_percent).
const leastShare = 0.1

// slowStart gives replicas of one callee that have come back a share that grows with time. It is safe for concurrent use.
type slowStart struct {
	over time.Duration
	// some tells that a replica is warming, or lost: mostly none is.
	some atomic.Bool

	mu sync.Mutex
	of []warmth // by replica.n
}

// warmth is one replica: lost, warming since then, or neither.
type warmth struct {
	lost  bool
	since time.Time
}

// newSlowStart is nil where a replica that comes back gets its whole share at once.
func newSlowStart(m *making) policy {
	over, to := m.SlowStart, m.e.To
	if over <= 0 {
		return nil
	}
	w := shared(m.e, over, func() *slowStart {
		return &slowStart{over: over, of: make([]warmth, len(to.Replicas))}
	})
	m.back, m.e.slow = w.begin, w
	return w
}

func (w *slowStart) admit(context.Context, attempt) (none permit, f *Failure) { return none, nil }

func (w *slowStart) settle(a attempt, _ permit, r attemptResult) { w.end(a.to, r.F) }

// begin tells that a replica is back.
func (w *slowStart) begin(r *Replica) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[r.n] = warmth{since: time.Now()}
	w.some.Store(true)
}

// end takes what an attempt came to: a replica that could not be connected to comes back when it answers.
func (w *slowStart) end(r *Replica, f *Failure) {
	lost := f != nil && f.noConnection
	if !lost && !w.some.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	one := &w.of[r.n]
	switch {
	case lost:
		one.lost = true
		w.some.Store(true)
	case one.lost && f.about():
		*one = warmth{since: time.Now()}
	}
}

// share is what a replica gets now of its share: a tenth at first, then as much of it as has passed of the time.
func (w *slowStart) share(r *Replica, now time.Time) float64 {
	one := &w.of[r.n]
	if one.since.IsZero() {
		return 1
	}
	if passed := now.Sub(one.since); passed < w.over {
		return max(float64(passed)/float64(w.over), leastShare)
	}
	one.since = time.Time{}
	return 1
}

// instead draws whether a chosen replica is passed over because it is warming; then it narrows the choice to those that are
// warm. It is false where the choice stands.
func (w *slowStart) instead(c *choice, chosen *Replica) bool {
	if !w.some.Load() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if share := w.share(chosen, now); share == 1 || c.e.i.Chance(c.Trace, "slow start").Float64() < share {
		w.rest(now)
		return false
	}
	return c.keep(func(r *Replica) bool { return r != c.not && w.share(r, now) == 1 })
}

// rest notes when nothing is left to warm.
func (w *slowStart) rest(now time.Time) {
	for n := range w.of {
		if w.of[n].lost || !w.of[n].since.IsZero() && now.Sub(w.of[n].since) < w.over {
			return
		}
	}
	w.some.Store(false)
}
