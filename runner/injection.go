package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/topology"
)

// injection is one fault as it is carried out. Times are offsets from zero, nil until they are there.
type injection struct {
	fault  topology.ResolvedFault
	number int // in the plan
	// begun and ended tell that the loop has ordered it; only the loop uses them.
	begun, ended bool

	mu sync.Mutex
	// startedOn and startedOff are when carrying it out began, applied and undone when it was in force, and gone.
	startedOn, applied, startedOff, undone *time.Duration
	undo                                   Undo
	receipt                                faults.Receipt
	errs                                   []error
}

// restarts tells that taking primitives back starts instances again.
func restarts(primitives []faults.Primitive) bool {
	return slices.ContainsFunc(primitives, func(p faults.Primitive) bool { return p.Op == faults.OpKill || p.Op == faults.OpStop })
}

// active tells that it is in force, as far as we know: one that could not be undone still is.
func (i *injection) active() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.applied != nil && i.undone == nil
}

// targets are the edges and instances that it acts on.
func (i *injection) targets() []string {
	var out []string
	for _, p := range i.fault.Primitives {
		if t := p.Edge + p.Instance; !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// begin orders a fault on. Operations on one target take turns in the order in which they were ordered;
// operations on different targets do not wait for each other.
func (r *run) begin(ctx context.Context, i *injection) {
	i.begun = true
	r.operate(i, func(earlier []chan struct{}) {
		for _, t := range earlier {
			select {
			case <-t:
			case <-ctx.Done():
				return // nothing was done yet
			}
		}
		r.inject(ctx, i)
	})
}

// end orders a fault off. It is not cut short by ctx: an interrupt undoes faults, it does not leave them.
func (r *run) end(ctx context.Context, i *injection) {
	if !i.begun || i.ended {
		return
	}
	i.ended = true
	r.operate(i, func(earlier []chan struct{}) {
		for _, t := range earlier {
			<-t // every operation has its own bound
		}
		r.undo(context.WithoutCancel(ctx), i)
	})
}

// lift orders off everything that is on, the last first, and waits until all operations are over.
func (r *run) lift(ctx context.Context) {
	for _, i := range slices.Backward(r.injections) {
		r.end(ctx, i)
	}
	r.operations.Wait()
}

// operate runs one operation beside the loop, which goes on keeping time.
func (r *run) operate(i *injection, do func(earlier []chan struct{})) {
	done := make(chan struct{})
	var earlier []chan struct{}
	for _, t := range i.targets() {
		if last := r.latest[t]; last != nil {
			earlier = append(earlier, last)
		}
		r.latest[t] = done
	}
	reading := r.reading
	r.operations.Go(func() {
		defer close(done)
		awaitReading(reading)
		do(earlier)
	})
}

// readingWait is how long what changes the system waits for a reading of the counters that was ordered before it.
const readingWait = 100 * time.Millisecond

// awaitReading lets the counters of what was be read before anything changes: a caller that is killed can't be asked any more.
func awaitReading(reading <-chan struct{}) {
	if reading == nil {
		return
	}
	timer := time.NewTimer(readingWait)
	defer timer.Stop()
	select {
	case <-reading:
	case <-timer.C:
	}
}

func (r *run) inject(ctx context.Context, i *injection) {
	if ctx.Err() != nil {
		return
	}
	started := time.Since(r.zero)
	ctx, cancel := context.WithTimeout(ctx, injectTimeout)
	defer cancel()
	r.recorder.Began(i.number, started)
	r.withdraw(i, true)
	undo, err := r.system.Inject(ctx, i.fault.Primitives)
	if err != nil {
		r.withdraw(i, false)
	}
	applied := time.Since(r.zero)
	i.mu.Lock()
	i.startedOn = &started
	if err != nil {
		i.errs = append(i.errs, fmt.Errorf("could not be applied: %w", err))
	} else {
		i.undo, i.applied = undo, &applied
	}
	i.mu.Unlock()
	if err != nil {
		r.recorder.Ended(i.number, applied)
		r.happened(applied, "note", fmt.Sprintf("%s could not be applied: %s", title(i.fault), err))
	} else {
		r.happened(applied, "fault", title(i.fault)+": on")
	}
}

// undoTries is how often taking a fault off is tried, undoPause the wait after the first failure; it doubles.
const (
	undoTries = 5
	undoPause = 100 * time.Millisecond
)

func (r *run) undo(ctx context.Context, i *injection) {
	i.mu.Lock()
	undo := i.undo
	i.mu.Unlock()
	if undo == nil {
		return // it never was in force
	}
	started := time.Since(r.zero)
	receipt, err := undoWithRetries(ctx, undo)
	if err == nil {
		r.withdraw(i, false)
	}
	undone := time.Since(r.zero)
	i.mu.Lock()
	i.startedOff, i.receipt = &started, receipt
	if err != nil {
		i.errs = append(i.errs, fmt.Errorf("could not be undone: %w", err))
	} else {
		i.undone = &undone
	}
	i.mu.Unlock()
	if err != nil {
		r.happened(undone, "note", fmt.Sprintf("%s could not be undone: %s", title(i.fault), err))
	} else {
		r.recorder.Ended(i.number, undone)
		r.happened(undone, "undo", title(i.fault)+": off")
	}
}

// undoWithRetries takes a fault off, whatever became of the run: ctx is to outlive an interrupt. It gives up after
// undoTries, and after twice what one attempt may take.
func undoWithRetries(ctx context.Context, undo Undo) (receipt faults.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*undoTimeout)
	defer cancel()
	pause := undoPause
	for try := range undoTries {
		if try > 0 {
			if err := sleep(ctx, pause); err != nil {
				return receipt, err
			}
			pause *= 2
		}
		one, cancel := context.WithTimeout(ctx, undoTimeout)
		receipt, err = undo(one)
		cancel()
		if err == nil {
			return receipt, nil
		}
	}
	return receipt, err
}

// sleep waits, or ends early with ctx, whose cause it returns then.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// failure is what went wrong with it, empty if nothing did.
func (i *injection) failure() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := errors.Join(i.errs...); err != nil {
		return err.Error()
	}
	return ""
}

// title is a fault in words: "latency 800ms on orders -> payments".
func title(f topology.ResolvedFault) string {
	return f.Fault.Kind.String() + " on " + f.Fault.On.String()
}
