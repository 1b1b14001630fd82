package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// planned is the act of an injection that the plan has: nobody's.
const planned = 0

// everyInjection are those of the plan, then those of people.
func (r *run) everyInjection() []*injection {
	r.acting.Lock()
	defer r.acting.Unlock()
	return slices.Concat(r.injections, r.acts)
}

// act puts on a fault that a person asked for; told is called when it is in force, or could not be.
func (r *run) act(ctx context.Context, by By, fault topology.ResolvedFault, told func(On, error)) {
	lasts, now := fault.End-fault.Start, time.Since(r.zero)
	fault.Start, fault.End = now, now+lasts
	if !r.kept {
		fault.End = min(fault.End, max(r.course.Way().Total(), now))
	}
	i := &injection{fault: fault, act: len(r.acts) + 1, by: by, asked: now + lasts}
	r.acting.Lock()
	r.acts = append(r.acts, i)
	r.acting.Unlock()
	done := r.begin(ctx, i)
	go func() {
		<-done
		if failure := i.failure(); failure != "" {
			told(On{}, errors.New(failure))
			return
		}
		on, was := i.was()
		if !was {
			told(On{}, ErrOver) // it was cut short before it was tried
			return
		}
		told(on, nil) // it may be off again by now: it was in force, and the record has it
	}()
}

// on is the injection as it is on; false: it is not.
func (i *injection) on() (On, bool) {
	if !i.active() {
		return On{}, false
	}
	return i.was()
}

// was is the injection as it came on, whether or not it is off again; false: it never was on.
func (i *injection) was() (On, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.applied == nil {
		return On{}, false
	}
	return On{Fault: i.fault, Act: i.act, By: i.by, Since: *i.applied, Until: i.fault.End}, true
}

// clear takes off one act, or with 0 all; told is called when they are off, with their numbers.
func (r *run) clear(ctx context.Context, act int, told func([]int, error)) {
	if act < 0 || act > len(r.acts) {
		told(nil, fmt.Errorf("there is no act %d: %s", act, r.actsOn()))
		return
	}
	var ending []*injection
	var waits []<-chan struct{}
	for _, i := range slices.Backward(r.acts) {
		if act != planned && i.act != act {
			continue
		}
		if done := r.end(ctx, i); done != nil {
			ending, waits = append(ending, i), append(waits, done)
		}
	}
	if act != planned && len(ending) == 0 {
		told(nil, fmt.Errorf("act %d is off already: %s", act, r.actsOn()))
		return
	}
	go func() {
		var off []int
		var errs []error
		for n, i := range ending {
			<-waits[n]
			if failure := i.failure(); failure != "" {
				errs = append(errs, fmt.Errorf("act %d: %s", i.act, failure))
				continue
			}
			off = append(off, i.act)
		}
		slices.Sort(off)
		told(off, errors.Join(errs...))
	}()
}

// actsOn says which acts are on.
func (r *run) actsOn() string {
	var on []string
	for _, i := range r.acts {
		if i.active() {
			on = append(on, fmt.Sprintf("%d (%s)", i.act, title(i.fault)))
		}
	}
	if len(on) == 0 {
		return "nothing is on that a person put on"
	}
	return fmt.Sprintf("on are %s", on)
}

// expire takes off the acts whose time is over.
func (r *run) expire(ctx context.Context, now time.Duration) {
	for _, i := range r.acts {
		if now >= i.fault.End {
			r.end(ctx, i)
		}
	}
}

// expiry is when the next act's time is over; never where none is on.
func (r *run) expiry() time.Duration {
	next := time.Duration(math.MaxInt64)
	for _, i := range r.acts {
		if !i.ended {
			next = min(next, i.fault.End)
		}
	}
	return next
}

// standing is the run as it stands.
func (r *run) standing(now time.Duration) Standing {
	way := r.course.Onward(now)
	out := Standing{Phase: r.phaseAt(now), Next: r.phaseName(r.course.Next(now)), Elapsed: now, Total: way.Total(), Scene: r.scene(now),
		Phases: asRan(r.o.Plan, way).plan.Phases}
	out.Waits = r.waits(r.course.Present(now))
	if m, is := r.system.(Machined); is {
		out.Beside = m.Beside
	}
	if r.held != nil {
		out.Held, out.HeldUntil = true, *r.held.until
	}
	r.mu.Lock()
	out.State = r.state
	r.mu.Unlock()
	for _, i := range r.everyInjection() {
		if on, is := i.on(); is {
			if i.act == planned {
				on.Until = way.At(on.Until)
			}
			out.On = append(out.On, on)
		}
	}
	for _, t := range r.turns {
		if t.load != "" && t.over == nil {
			out.Paces = append(out.Paces, Paced{t.load, t.what, t.by, t.at})
		}
	}
	for _, f := range r.o.Plan.Faults {
		if begins := way.At(f.Start); begins > now && begins-now <= f.Fault.Countdown && !leftOut(way, f.Start, f.End) {
			out.Coming = append(out.Coming, Coming{title(f), begins})
		}
	}
	return out
}

// handTouches are what people put on, as touches.
func (r *run) handTouches() []Touch {
	var out []Touch
	for _, i := range r.everyInjection() {
		i.mu.Lock()
		if i.act != planned && i.applied != nil {
			t := Touch{At: r.zero.Add(*i.applied), Who: record.ByHand, Door: i.by.Door, Person: i.by.Who,
				What: i.fault.Fault.Kind.String(), On: i.fault.Fault.On.String(), Act: i.act, kind: i.fault.Fault.Kind.Kind(), targets: i.fault.Targets,
				Until: r.zero.Add(i.fault.End), Words: i.fault.Words}
			if i.undone != nil {
				t.Undone, t.Receipt = r.zero.Add(*i.undone), ptr(i.receipt)
			}
			out = append(out, t)
		}
		i.mu.Unlock()
	}
	return out
}

// inOrder sorts touches by their times.
func inOrder(touches []Touch) {
	slices.SortStableFunc(touches, func(a, b Touch) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
}
