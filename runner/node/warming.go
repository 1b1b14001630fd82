package node

import (
	"sync"
	"sync/atomic"
	"time"
)

// leastShare is what a replica gets of its share when it has just come back (Envoy's min_weight_percent).
const leastShare = 0.1

// warming gives replicas of one callee that have come back a share that grows with time (slow start). Nil: their whole share at
// once. It is safe for concurrent use.
type warming struct {
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

// warmingFor is the one that there is for a callee and a time; nil for no slow start.
func (i *instance) warmingFor(to *upstream, over time.Duration) *warming {
	if over <= 0 {
		return nil
	}
	if i.warmings == nil {
		i.warmings = make(map[*upstream]map[time.Duration]*warming)
	}
	if i.warmings[to] == nil {
		i.warmings[to] = make(map[time.Duration]*warming)
	}
	return shared(i.warmings[to], over, func() *warming { return &warming{over: over, of: make([]warmth, len(to.replicas))} })
}

// begin tells that a replica is back.
func (w *warming) begin(r *replica) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[r.n] = warmth{since: time.Now()}
	w.some.Store(true)
}

// end takes what an attempt came to: a replica that could not be connected to comes back when it answers.
func (w *warming) end(r *replica, f *failure) {
	if w == nil {
		return
	}
	lost := f != nil && f.lost
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
	case one.lost && (f == nil || f.ending == failed || f.ending == declined):
		*one = warmth{since: time.Now()}
	}
}

// share is what a replica gets now of its share: a tenth at first, then as much of it as has passed of the time.
func (w *warming) share(r *replica, now time.Time) float64 {
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

// instead draws whether a chosen replica is passed over because it is warming; then it appends those that are warm to room.
// None is appended where the choice stands.
func (w *warming) instead(room, from []*replica, chosen, not *replica, i *instance, c cause) []*replica {
	if !w.some.Load() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if share := w.share(chosen, now); share == 1 || i.chance(c, "slow start").Float64() < share {
		w.settle(now)
		return nil
	}
	for _, r := range from {
		if r != not && w.share(r, now) == 1 {
			room = append(room, r)
		}
	}
	return room
}

// settle notes when nothing is left to warm.
func (w *warming) settle(now time.Time) {
	for n := range w.of {
		if w.of[n].lost || !w.of[n].since.IsZero() && now.Sub(w.of[n].since) < w.over {
			return
		}
	}
	w.some.Store(false)
}
