package host

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

var injectedErrorsTotal = NewCounter("squall_injected_errors_total",
	"Errors answered because a fault asked for them; part of squall_errors_total where their status is.")

// Behaviour is how the instance was told to misbehave, if at all. Its zero value behaves well.
type Behaviour struct {
	told atomic.Pointer[faults.Behaviour]
	// cold is how it is at first, since it began; nil: as it always is.
	cold  *scenarios.Cold
	began time.Time
	Asks  asks
}

// Tell takes effect with the next request; nil puts the good behaviour back.
func (b *Behaviour) Tell(to *faults.Behaviour) { b.told.Store(to) }

func (b *Behaviour) Get() faults.Behaviour {
	if told := b.told.Load(); told != nil {
		return *told
	}
	return faults.Behaviour{}
}

// Stretch makes the node's own work take as much longer as was told.
func (b *Behaviour) Stretch(d time.Duration) time.Duration {
	if b.cold != nil && time.Since(b.began) < b.cold.For {
		d = time.Duration(float64(d) * b.cold.Factor)
	}
	if f := b.Get().Factor; f > 0 {
		return time.Duration(float64(d) * f)
	}
	return d
}

// Slow waits as much longer as was told.
func (i *Instance) Slow(ctx context.Context) error { return i.Sleep(ctx, i.Behaviour.Get().Slow) }

// InjectedError draws whether this request is to fail, and with which status.
func (i *Instance) InjectedError(c Trace) (status int, fails bool) {
	told := i.Behaviour.Get()
	if told.Errors <= 0 || i.Chance(c, "errors").Float64() >= told.Errors {
		return 0, false
	}
	injectedErrorsTotal.In(i.Metrics).Add(1)
	if told.Status == 0 {
		return http.StatusInternalServerError, true
	}
	return told.Status, true
}

// Sleep is sleep, for an instance that may be stopped meanwhile.
func (i *Instance) Sleep(ctx context.Context, d time.Duration) error {
	defer i.CPU.Await()
	if d <= 0 {
		return ctx.Err()
	}
	rings, stop := i.After(d)
	defer stop()
	select {
	case <-rings:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// After rings on time when d is over, unless stop is called.
func (i *Instance) After(d time.Duration) (rings <-chan time.Time, stop func()) {
	i.WakeAfter(d)
	if i.after != nil {
		return i.after(d)
	}
	timer := time.NewTimer(d)
	return timer.C, func() { timer.Stop() }
}

// WithTimeout is context.WithTimeout. Its end comes at a moment when nothing else happens, where the instance's surroundings see to
// that: what it makes room for has come before it or after it.
func (i *Instance) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if i.keep == nil {
		return context.WithTimeout(ctx, d)
	}
	at, free := i.keep(d)
	bounded, cancel := context.WithDeadline(ctx, at)
	return bounded, func() {
		free()
		cancel()
	}
}

// InTurn is for several that go on at one instant, such as the parts of a parallel step: the first, 0, at once, and each
// other one after those before it where the instance's surroundings see to that.
func (i *Instance) InTurn(nth int) {
	if i.turn != nil && nth > 0 {
		i.turn(nth)
	}
}

// WakeAfter has a timer of d ring on time.
func (i *Instance) WakeAfter(d time.Duration) {
	if i.wake != nil && d > 0 {
		i.wake(time.Now().Add(d))
	}
}

// Sleep waits for d or until ctx ends, and says which.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
