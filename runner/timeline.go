package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/chronicle"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// mark is one entry of the run's timeline: what the one loop does when its time in the plan has come.
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

// timeline is everything that the plan has happen in the phases, sorted by time.
func (r *run) timeline() []mark {
	var marks []mark
	for _, e := range r.o.Plan.Schedule {
		if e.Begin {
			marks = append(marks, mark{e.At, rankBegin, func(ctx context.Context) {
				if f := r.o.Plan.Faults[e.Fault]; !leftOut(r.course.Way(), f.Start, f.End) {
					_ = r.begin(ctx, r.injections[e.Fault])
				}
			}})
		} else {
			marks = append(marks, mark{e.At, rankEnd, func(ctx context.Context) { _ = r.end(ctx, r.injections[e.Fault]) }})
		}
	}
	for _, f := range r.o.Plan.Faults {
		if before := f.Fault.Countdown; before > 0 {
			marks = append(marks, mark{f.Start - before, rankPhase, func(context.Context) { r.countDown(f) }})
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
		begin := func(do func(context.Context)) func(context.Context) {
			return func(ctx context.Context) {
				if !leftOut(r.course.Way(), p.Start, p.End) {
					do(ctx)
				}
			}
		}
		marks = append(marks, mark{p.Start, rankPhase, begin(func(context.Context) { r.beginPhase(p, r.waits(i)) })},
			mark{p.End, rankPhase, begin(func(context.Context) { r.atPhase(p, scenarios.HookEnd) })})
		if r.waits(i) {
			marks = append(marks, mark{p.End, rankEnd, begin(func(context.Context) { r.waited(p) })})
		}
		if i > 0 {
			marks = append(marks, mark{p.Start, rankObserve, begin(func(ctx context.Context) { r.observing(ctx, &r.turned[i]) })})
		}
	}
	marks = append(marks, mark{r.o.Plan.Total, rankObserve, func(ctx context.Context) { r.observing(ctx, &r.turned[len(r.o.Plan.Phases)]) }})
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

// steadyFrom is when the load last changed before a time of the run: the end of its last ramp, or its last step. Until then there is no
// steady state.
func (r *run) steadyFrom(before time.Duration) time.Duration {
	from := steadyFrom(r.o.Plan.Scenario.Loads, r.ran.way, before)
	for _, l := range r.o.Plan.Scenario.Loads {
		for _, pace := range r.ran.way.Paces(l.Name) {
			if pace.From < before {
				from = max(from, pace.From)
			}
		}
	}
	return from
}

func steadyFrom(loads []*scenarios.Load, way *course.Way, before time.Duration) time.Duration {
	var from time.Duration
	for _, l := range loads {
		if l.Replay != nil {
			continue // it is never steady
		}
		at, rate := time.Duration(0), -1.0
		for _, s := range l.Shape() {
			if way.At(at) >= before {
				break
			}
			if rate >= 0 && rate != s.From {
				from = max(from, way.At(at))
			}
			if at += s.For; s.From != s.To {
				from = max(from, way.At(at))
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

func (r *run) beginPhase(p topology.Span, waits bool) {
	r.say("running", "")
	text := fmt.Sprintf("phase %s, for %s", p.Name, p.End-p.Start)
	if waits {
		text = fmt.Sprintf("phase %s, until somebody says go, for %s at most", p.Name, p.End-p.Start)
	}
	r.happened(time.Since(r.zero), "phase", text)
	r.atPhase(p, scenarios.HookBegin)
}

// countDown says that a fault comes, where it does, and is not there at once: of a phase that somebody has ended, the countdown is over.
func (r *run) countDown(f topology.ResolvedFault) {
	way, now := r.course.Way(), time.Since(r.zero)
	if left := (way.At(f.Start) - now).Round(100 * time.Millisecond); left > 0 && !leftOut(way, f.Start, f.End) {
		r.happened(now, "countdown", fmt.Sprintf("in %s: %s", left, title(f)))
	}
}

// newHooks are the scenario's hooks, each of which is an event when it is over.
func (r *run) newHooks() *hooks.Caller {
	return hooks.New(r.o.Plan.Scenario.Hooks, r.o.Hook, func(text string) { r.happened(time.Since(r.zero), "hook", text) })
}

// atPhase starts the hooks at the begin or the end of a phase.
func (r *run) atPhase(p topology.Span, when string) {
	r.hooks.Reached(hooks.Moment{Phase: p.Name, When: when, At: time.Since(r.zero)})
}

// phases is the one loop: it waits for each mark and carries it out, and reads the counters of the series. It ends early when ctx does (with
// its cause) and when the load fails.
func (r *run) phases(ctx context.Context) error {
	r.hooks.Open()
	defer func() { r.hooks.Cut(time.Since(r.zero)) }()
	last := time.Duration(0) // of the series' moments
	for marks := r.timeline(); len(marks) > 0; {
		way := r.course.Way()
		next := nextMark(marks, way)
		m := marks[next]
		at, moment := way.At(m.at), moment(r.o.Plan, way, last)
		// What changes nothing comes before what does.
		reading := moment < at || moment == at && m.rank > rankObserve
		reached, err := r.waitUntil(ctx, min(at, moment))
		switch {
		case err != nil:
			return err
		case !reached: // the course has turned
		case reading:
			last = moment
			r.sample(ctx)
		default:
			marks = slices.Delete(marks, next, next+1)
			r.due = at
			m.do(ctx)
		}
	}
	r.course.Over(time.Since(r.zero))
	return nil
}

// nextMark is the index of the mark to carry out next. What a leap of the course brings to one time keeps to the order of ranks, too: a
// fault that was to end in what is leapt over is not taken off before the counters have been read.
func nextMark(marks []mark, way *course.Way) int {
	next, at := 0, way.At(marks[0].at)
	for i, m := range marks {
		if way.At(m.at) != at {
			break
		}
		if m.rank < marks[next].rank {
			next = i
		}
	}
	return next
}

// waitUntil waits for an offset from zero, and sees meanwhile to whatever else happens. It is not reached where the course has turned: what was
// waited for comes at another time.
func (r *run) waitUntil(ctx context.Context, at time.Duration) (reached bool, err error) {
	way := r.course.Way()
	for {
		wake := min(at, r.tick, r.expiry(), r.holdEnds())
		timer, stop := r.keep.Timer(time.Until(r.zero.Add(wake)))
		select {
		case <-timer:
		case <-ctx.Done():
			stop()
			return false, context.Cause(ctx)
		case err := <-r.system.Died():
			r.died(err)
		case t := <-r.system.Touches():
			r.sees(t)
		case o := <-r.orders:
			if o(ctx, r); r.aborted != nil {
				stop()
				return false, r.aborted
			}
		case d := <-r.driven:
			r.load = &d
			if d.err != nil {
				stop()
				return false, &StageError{"load", d.err}
			}
		}
		stop()
		now := time.Since(r.zero)
		r.expire(ctx, now)
		if now >= r.holdEnds() {
			_ = r.release(now, ": nobody let it go") // it is not over, or it would not be held
		}
		if r.course.Way() != way {
			return false, nil
		}
		if now >= at {
			return true, nil // a second to report is due after the mark
		}
		if now >= r.tick {
			if err := r.watch(now); err != nil {
				return false, err
			}
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
	if planned := (*ByFault)(nil); !errors.As(err, &planned) {
		r.dead(death{at, err.Error()})
		r.recorder.Unplanned(at)
	}
	r.happened(at, "node", err.Error())
}

// happened adds an event to the record and tells the watcher.
func (r *run) happened(at time.Duration, kind, text string) {
	r.carried(at, kind, text, chronicle.First)
}

// carried is happened for what the operation of a number tells.
func (r *run) carried(at time.Duration, kind, text string, number int) {
	r.chronicle.Happened(record.Event{AtS: record.Seconds(at), Kind: kind, Text: text}, number)
	r.say("", text)
}

// newCourse is the course of a plan as it was made.
func newCourse(p *topology.Plan) *course.Course {
	phases := make([]course.Phase, len(p.Phases))
	for i, s := range p.Phases {
		phases[i] = course.Phase(s)
	}
	return course.New(phases)
}

// spans are a plan's phases and faults by the run's time.
func spans(p *topology.Plan, way *course.Way) ([]record.Span, []record.FaultSpan) {
	phases := make([]record.Span, len(p.Phases))
	for i, s := range p.Phases {
		phases[i] = record.Span{Name: s.Name, Start: way.At(s.Start), End: way.At(s.End)}
	}
	faults := make([]record.FaultSpan, len(p.Faults))
	for i, f := range p.Faults {
		faults[i] = record.FaultSpan{Start: way.At(f.Start), End: way.At(f.End), Restarts: restarts(f.Primitives)}
	}
	return phases, faults
}

// leftOut tells that none of a stretch of the plan's time comes.
func leftOut(way *course.Way, start, end time.Duration) bool {
	return start < end && way.At(start) == way.At(end)
}

// ran is a plan as a run of it went: at the times at which its parts came, and without the phases that did not.
type ran struct {
	way  *course.Way
	plan *topology.Plan
	kept []int // of the phases, by their indices in the plan as it was made
}

func asRan(p *topology.Plan, way *course.Way) ran {
	out := ran{way: way, plan: p}
	for i, s := range p.Phases {
		if !leftOut(way, s.Start, s.End) {
			out.kept = append(out.kept, i)
		}
	}
	if way.Straight() {
		return out
	}
	moved := *p
	moved.Phases, moved.Faults, moved.Total = nil, slices.Clone(p.Faults), way.Total()
	for _, i := range out.kept {
		s := p.Phases[i]
		moved.Phases = append(moved.Phases, topology.Span{Name: s.Name, Start: way.At(s.Start), End: way.At(s.End)})
	}
	for i := range moved.Faults {
		f := &moved.Faults[i]
		f.Start, f.End = way.At(f.Start), way.At(f.End)
	}
	out.plan = &moved
	return out
}

// bounds are the readings at the begin of a phase that came and at that of the next one, or the plan's end: of start, which is the first
// phase's, and those that were made at the turns. nil: it was not made, or not yet.
func (a ran) bounds(start *Observation, turned []*Observation, phase int) (first, last *Observation) {
	first, last = start, turned[len(turned)-1]
	if phase > 0 {
		first = turned[a.kept[phase]]
	}
	if phase+1 < len(a.kept) {
		last = turned[a.kept[phase+1]]
	}
	return first, last
}

// plannedTimes says beside the times of phases that somebody has moved when they were planned.
func (a ran) plannedTimes(res *record.Result, p *topology.Plan) {
	if a.way.Straight() {
		return
	}
	for i := range res.Phases {
		s := p.Phases[a.kept[i]]
		res.Phases[i].PlannedStartS, res.Phases[i].PlannedEndS = ptr(s.Start.Seconds()), ptr(s.End.Seconds())
	}
}
