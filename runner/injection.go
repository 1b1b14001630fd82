package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// injection is one fault as it is carried out. Times are offsets from zero, nil until they are there.
type injection struct {
	fault  topology.ResolvedFault
	number int // in the plan
	// act is what a person put on is called by, from 1 on, and by who did; an injection of the plan has neither.
	act int
	by  By
	// over tells the recorder that it is.
	over func(at time.Duration)
	// asked is when what a person put on is to end, whatever becomes of the phases.
	asked time.Duration
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
	return slices.ContainsFunc(primitives, func(p faults.Primitive) bool {
		return p.Op == faults.OpKill || p.Op == faults.OpStop || p.Op == faults.OpReplace || p.Op.TakesMachine()
	})
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
// operations on different targets do not wait for each other. done is closed when it was carried out.
func (r *run) begin(ctx context.Context, i *injection) (done <-chan struct{}) {
	i.begun = true
	return r.operate(i, func(number int, earlier []chan struct{}) {
		for _, t := range earlier {
			select {
			case <-t:
			case <-ctx.Done():
				return // nothing was done yet
			}
		}
		r.inject(ctx, i, number)
	})
}

// end orders a fault off; done is nil where it is off, or ordered off, already. It is not cut short by ctx: an interrupt undoes faults, it does not leave them.
func (r *run) end(ctx context.Context, i *injection) (done <-chan struct{}) {
	if !i.begun || i.ended {
		return nil
	}
	i.ended = true
	return r.operate(i, func(number int, earlier []chan struct{}) {
		for _, t := range earlier {
			<-t // every operation has its own bound
		}
		r.undo(context.WithoutCancel(ctx), i, number)
	})
}

// lift orders off everything that is on, the last first, and waits until all operations are over.
func (r *run) lift(ctx context.Context) {
	for _, i := range slices.Backward(r.everyInjection()) {
		r.end(ctx, i)
	}
	r.operations.Wait()
}

// operate runs one operation beside the loop, which goes on keeping time. Its number is its place among all: those of one
// moment are over in any order, and are told in the one in which they were ordered.
func (r *run) operate(i *injection, do func(number int, earlier []chan struct{})) <-chan struct{} {
	done := make(chan struct{})
	number := r.chronicle.Place()
	var earlier []chan struct{}
	for _, t := range i.targets() {
		if last := r.latest[t]; last != nil {
			earlier = append(earlier, last)
		}
		r.latest[t] = done
	}
	reading, before, turn := r.reading, r.latestTurn, instant.NewTurn()
	r.latestTurn = turn
	r.operations.Go(func() {
		defer close(done)
		awaitReading(reading)
		turn.Await(before, r.keep)
		do(number, earlier)
	})
	return done
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

func (r *run) inject(ctx context.Context, i *injection, number int) {
	if ctx.Err() != nil {
		return
	}
	started := time.Since(r.zero)
	ctx, cancel := context.WithTimeout(ctx, injectTimeout)
	defer cancel()
	r.begins(i, started)
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
		r.isOver(i, applied)
		r.carried(applied, "note", fmt.Sprintf("%s could not be applied: %s", i.title(), err), number)
	} else {
		r.carried(applied, i.event("fault"), i.title()+": on", number)
		r.atFault(i, scenarios.HookBegin, applied)
	}
}

// undoTries is how often taking a fault off is tried, undoPause the wait after the first failure; it doubles.
const (
	undoTries = 5
	undoPause = 100 * time.Millisecond
)

func (r *run) undo(ctx context.Context, i *injection, number int) {
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
		r.carried(undone, "note", fmt.Sprintf("%s could not be undone: %s", i.title(), err), number)
	} else {
		r.isOver(i, undone)
		r.carried(undone, i.event("undo"), i.title()+": off", number)
		r.atFault(i, scenarios.HookEnd, undone)
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
			if err := sleep.For(ctx, pause); err != nil {
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

// failure is what went wrong with it, empty if nothing did.
func (i *injection) failure() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := errors.Join(i.errs...); err != nil {
		return err.Error()
	}
	return ""
}

// begins tells the recorder that a fault begins.
func (r *run) begins(i *injection, at time.Duration) {
	if i.act == planned {
		r.recorder.Began(i.number, at)
	} else {
		i.over = r.recorder.Unplanned(at)
	}
}

// isOver tells the recorder that a fault has ended.
func (r *run) isOver(i *injection, at time.Duration) {
	if i.act == planned {
		r.recorder.Ended(i.number, at)
	} else {
		i.over(at)
	}
}

// event is the kind of the events that it makes: one of the plan's own, or what a person did.
func (i *injection) event(of string) string {
	if i.act == planned {
		return of
	}
	return "action"
}

// atFault starts the hooks at a fault of the plan that is on, or off.
func (r *run) atFault(i *injection, when string, at time.Duration) {
	if i.act == planned {
		r.hooks.Reached(hooks.Moment{Fault: scenarios.FaultName(i.fault.Fault), When: when, At: at})
	}
}

// title is it in words, with who put it on where that was a person.
func (i *injection) title() string {
	if i.act == planned {
		return title(i.fault)
	}
	return title(i.fault) + " (" + i.by.how() + ")"
}

// title is a fault in words: "latency 800ms on orders -> payments".
func title(f topology.ResolvedFault) string {
	return f.Fault.Kind.String() + " on " + f.Fault.On.String()
}

// withdraw tells the loads that instances which a fault stops are about to go, or are back: as a balancer in front of the
// entry is told, and engines tell the callers inside.
func (r *run) withdraw(i *injection, out bool) {
	for _, p := range i.fault.Primitives {
		if p.Op != faults.OpStop || p.Untold {
			continue
		}
		r.withdrawFrom(p.Instance, out)
	}
}

// withdrawFrom tells the loads that an instance is about to go, or is back.
func (r *run) withdrawFrom(instance string, out bool) {
	for _, e := range r.o.Plan.Edges {
		if e.Client && e.To == instance {
			r.notices.Change(e.Name, func(n *order.Notice) { n.Withdrawn = out })
		}
	}
}
