package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

var throttledTotal = host.NewCounter("squall_throttled_total",
	"Calls not made because the throttle expected the dependency to reject them.")

var errThrottled = errors.New("throttled: the dependency rejects too much")

// throttle is the client-side adaptive throttling of Google's Site Reliability Engineering, chapter 21. It counts the
// attempts that were asked for, rejected here or not, and those that the dependency accepted, over a sliding window.
// It is safe for concurrent use.
type throttle struct {
	k     float64
	slice time.Duration

	mu                 sync.Mutex
	slices             [throttleSlices]throttleCount // a ring
	now                int64                         // the number of the slice that is counted in
	requests, accepted float64                       // of all slices
}

type throttleCount struct{ requests, accepted float64 }

const (
	throttleSlices = 60 // of a window: how finely it slides
	throttleWindow = 2 * time.Minute
)

// newThrottle is nil for no throttling.
func newThrottle(m *making) policy {
	if m.Throttle == nil {
		return nil
	}
	return shared(m.e, m.Throttle, func() *throttle {
		window := m.Throttle.Window
		if window <= 0 {
			window = throttleWindow
		}
		return &throttle{k: m.Throttle.K, slice: max(window/throttleSlices, 1)}
	})
}

// admit counts an attempt that is asked for, and rejects it by chance.
func (t *throttle) admit(_ context.Context, a attempt) (none permit, f *Failure) {
	t.mu.Lock()
	t.slide()
	p := (t.requests - t.k*t.accepted) / (t.requests + 1)
	t.requests++
	t.slices[t.now%throttleSlices].requests++
	t.mu.Unlock()
	if p <= 0 || a.e.i.Chance(a.Trace, "throttle").Float64() >= p {
		return none, nil
	}
	throttledTotal.In(a.e.i.Metrics).Add(1)
	return none, reject(a.e.To.Node, errThrottled)
}

func (t *throttle) settle(_ attempt, _ permit, r attemptResult) {
	switch {
	case !r.made || r.F.bad(): // it was asked for, and not accepted
	case r.F != nil && r.F.Class == Abandoned:
		t.forget()
	default:
		t.accept()
	}
}

// accept counts an attempt that the dependency accepted.
func (t *throttle) accept() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slide()
	t.accepted++
	t.slices[t.now%throttleSlices].accepted++
}

// forget takes an attempt back that told nothing: its caller gave it up.
func (t *throttle) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slide()
	if now := &t.slices[t.now%throttleSlices]; now.requests > 0 {
		t.requests--
		now.requests--
	}
}

// slide drops the slices that have left the window. t.mu is held.
func (t *throttle) slide() {
	now := time.Now().UnixNano() / int64(t.slice)
	for n := max(t.now+1, now-throttleSlices+1); n <= now; n++ {
		old := &t.slices[n%throttleSlices]
		t.requests -= old.requests
		t.accepted -= old.accepted
		*old = throttleCount{}
	}
	t.now = max(t.now, now)
}
