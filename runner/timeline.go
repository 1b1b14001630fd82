package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// mark is one entry of the run's timeline: what the one loop does when its time has come.
type mark struct {
	at   time.Duration
	rank int // the order among marks of one time
	do   func(context.Context)
}

// The order of marks of one time: counters are read before anything changes, what ends comes before what begins, and faults before
// words, which take time.
const (
	rankObserve = iota
	rankEnd
	rankBegin
	rankPhase
)

// timeline is everything that happens in the phases, sorted by time.
func (r *run) timeline() []mark {
	var marks []mark
	for _, e := range r.o.Plan.Schedule {
		if e.Begin {
			marks = append(marks, mark{e.At, rankBegin, func(ctx context.Context) { r.begin(ctx, r.injections[e.Fault]) }})
		} else {
			marks = append(marks, mark{e.At, rankEnd, func(ctx context.Context) { r.end(ctx, r.injections[e.Fault]) }})
		}
	}
	marks = append(marks, mark{0, rankObserve, func(ctx context.Context) {
		r.usage = readUsage()
		r.observing(ctx, &r.start)
	}})
	if quiet := quietEnd(r.o.Plan); quiet > 0 {
		marks = append(marks, mark{calmEnd(r.o.Plan), rankObserve, func(ctx context.Context) { r.observing(ctx, &r.quiet) }})
	}
	for i, p := range r.o.Plan.Phases {
		marks = append(marks, mark{p.Start, rankPhase, func(context.Context) { r.beginPhase(p) }})
		if i > 0 {
			marks = append(marks, mark{p.Start, rankObserve, func(ctx context.Context) { r.observing(ctx, &r.turned[i]) }})
		}
	}
	marks = append(marks, mark{r.o.Plan.Total, rankObserve, func(ctx context.Context) { r.observing(ctx, &r.turned[len(r.o.Plan.Phases)]) }})
	at := moments(r.o.Plan)
	r.sampled = make([]*Observation, len(at))
	for i := range at {
		marks = append(marks, mark{at[i], rankObserve, func(ctx context.Context) { r.sampling(ctx, &r.sampled[i]) }})
	}
	slices.SortStableFunc(marks, func(a, b mark) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return a.rank - b.rank
	})
	return marks
}

// steadyEnd is when the first fault begins, or the end of the run where there is none: until then
// the system is left alone.
func steadyEnd(p *topology.Plan) time.Duration {
	end := p.Total
	for _, f := range p.Faults {
		end = min(end, f.Start)
	}
	return end
}

// steadyFrom is when the load last changed before a time: the end of its last ramp, or its last step. Until then there is no steady state.
func steadyFrom(p *topology.Plan, before time.Duration) time.Duration {
	var from time.Duration
	for _, l := range p.Scenario.Loads {
		if l.Replay != nil {
			continue // it is never steady
		}
		at, rate := time.Duration(0), -1.0
		for _, s := range l.Shape() {
			if at >= before {
				break
			}
			if rate >= 0 && rate != s.From {
				from = max(from, at)
			}
			if at += s.For; s.From != s.To {
				from = max(from, at)
			}
			rate = s.To
		}
	}
	return from
}

// quietEnd is the end of the last whole phase before the first fault; 0 if there is none.
func quietEnd(p *topology.Plan) time.Duration {
	var end time.Duration
	for _, phase := range p.Phases {
		if phase.End <= steadyEnd(p) {
			end = phase.End
		}
	}
	return end
}

// quietMargin is how long before that the counters are read: not under a fault.
const quietMargin = 50 * time.Millisecond

func (r *run) beginPhase(p topology.Span) {
	r.say("running", "")
	r.happened(time.Since(r.zero), "phase", fmt.Sprintf("phase %s, for %s", p.Name, p.End-p.Start))
}

// phases is the one loop: it waits for each mark and carries it out. It ends early when ctx does (with
// its cause) and when the load fails.
func (r *run) phases(ctx context.Context) error {
	for _, m := range r.timeline() {
		if err := r.waitUntil(ctx, m.at); err != nil {
			return err
		}
		m.do(ctx)
	}
	return nil
}

// waitUntil waits for an offset from zero, and sees meanwhile to whatever else happens.
func (r *run) waitUntil(ctx context.Context, at time.Duration) error {
	for {
		wake := min(at, r.tick)
		timer := time.NewTimer(time.Until(r.zero.Add(wake)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case err := <-r.system.Died():
			r.died(err)
		case t := <-r.system.Touches():
			r.say("", t.String())
		case d := <-r.driven:
			r.load = &d
			if d.err != nil {
				timer.Stop()
				return &StageError{"load", d.err}
			}
		}
		timer.Stop()
		now := time.Since(r.zero)
		if now >= at {
			return nil // a second to report is due after the mark
		}
		if now >= r.tick {
			r.report(now)
			r.trace(ctx)
			r.tick = nextSecond(now)
		}
	}
}

// nextSecond is the first whole second after an offset, below zero too.
func nextSecond(now time.Duration) time.Duration {
	next := now.Truncate(time.Second)
	if next <= now {
		next += time.Second
	}
	return next
}

func (r *run) died(err error) {
	if err == nil {
		return
	}
	at := time.Since(r.zero)
	r.mu.Lock()
	r.deaths = append(r.deaths, death{at, err.Error()})
	r.mu.Unlock()
	r.happened(at, "node", err.Error())
}

// happened adds an event to the record and tells the watcher.
func (r *run) happened(at time.Duration, kind, text string) {
	r.mu.Lock()
	r.events = append(r.events, record.Event{AtS: record.Seconds(at), Kind: kind, Text: text})
	r.mu.Unlock()
	r.say("", text)
}
