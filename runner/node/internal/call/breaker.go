package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var (
	breakerOpenTotal     = host.NewCounter("squall_breaker_open_total", "Times that a circuit breaker opened.")
	breakerRejectedTotal = host.NewCounter("squall_breaker_rejected_total",
		"Calls not made because a circuit breaker was open.")
	breakersOpen = host.NewGauge("squall_breakers_open", "Circuit breakers that are open or half open now.")
)

// breaker is a circuit breaker: it opens when at least the given share of the last Of attempts
// failed, lets nothing through for OpenFor, then lets one probe through, which closes it or opens it again.
//
// It is our own because failsafe-go's counts every result that arrives while it is half open: attempts
// that began before it opened, and time out long after, would decide in the probe's place. Here
// each result carries the period (a count of state changes) that its attempt began in.
// It is safe for concurrent use.
type breaker struct {
	threshold int
	openFor   time.Duration
	metrics   *host.Metrics

	mu       sync.Mutex
	state    breakerState
	period   int
	openedAt time.Time
	recent   recent
}

var errBreakerOpen = errors.New("circuit breaker is open")

type breakerState int

const (
	breakerClosed breakerState = iota
	breakerOpen
	breakerProbing // the probe is on its way
)

// newBreaker is nil for no breaker.
func newBreaker(m *making) policy {
	if m.Breaker == nil {
		return nil
	}
	return shared(m.e, m.Breaker, func() *breaker { return breakerOf(m.Breaker, m.e.i.Metrics) })
}

// breakerOf rounds the threshold up, to at least 1.
func breakerOf(b *scenarios.Breaker, m *host.Metrics) *breaker {
	of := max(b.Of, 1)
	return &breaker{threshold: thresholdOf(b.Failures, of), openFor: b.OpenFor, metrics: m, recent: newRecent(of)}
}

func (b *breaker) admit(_ context.Context, a attempt) (permit, *Failure) {
	p, ok := b.allow()
	if !ok {
		return p, reject(a.e.To.Node, errBreakerOpen)
	}
	return p, nil
}

func (b *breaker) settle(_ attempt, p permit, r attemptResult) {
	if !r.made || r.F != nil && r.F.Class == Abandoned {
		b.release(p)
		return
	}
	b.record(p, r.F.bad())
}

// Retire ends a breaker that no further attempt asks: what is still under way counts for nobody.
func (b *breaker) Retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != breakerClosed {
		breakersOpen.In(b.metrics).Add(-1)
	}
	b.metrics = host.NewMetrics()
}

// allow asks for leave; false is an open breaker. Who gets leave must call record or release.
func (b *breaker) allow() (permit, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == breakerOpen && time.Since(b.openedAt) >= b.openFor:
		b.state = breakerProbing
		b.period++
	case b.state != breakerClosed:
		breakerRejectedTotal.In(b.metrics).Add(1)
		return permit{}, false
	}
	return permit{period: b.period}, true
}

// record says how an attempt ended. Results from before the last change of state change nothing.
func (b *breaker) record(p permit, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.period != b.period:
	case b.state == breakerProbing && failed:
		b.open()
	case b.state == breakerProbing:
		b.state = breakerClosed
		b.period++
		breakersOpen.In(b.metrics).Add(-1)
	case b.state == breakerClosed:
		if b.recent.count(failed) >= b.threshold {
			breakersOpen.In(b.metrics).Add(1)
			b.open()
		}
	}
}

// release takes back an attempt that told nothing (its caller gave up): the next one may probe.
func (b *breaker) release(p permit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == breakerProbing && p.period == b.period {
		b.state = breakerOpen // openedAt stands: it may be probed again at once
		b.period++
	}
}

// open starts a period of rest and forgets what was counted.
func (b *breaker) open() {
	b.state = breakerOpen
	b.period++
	b.openedAt = time.Now()
	b.recent.clear()
	breakerOpenTotal.In(b.metrics).Add(1)
}
