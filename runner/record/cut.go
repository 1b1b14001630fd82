package record

import (
	"slices"
	"time"
)

// FaultSpan is a fault as it is scheduled; times count from the start of the first phase.
type FaultSpan struct {
	Start, End time.Duration
	// Restarts tells that its end brings instances back, which takes them a time of their own: what fails then is the phase's.
	Restarts bool
}

// sameMoment is how far apart the clocks of the loads and of the faults may be: in virtual time what a fault cuts fails in
// the very moment in which it comes on.
const sameMoment = time.Microsecond

// disturbance is a fault as it was carried out, as far as that has come.
type disturbance struct {
	FaultSpan
	// began is when carrying it out began, ended when it was gone; nil: not yet.
	began, ended *time.Duration
	// cut counts the requests that are charged to it.
	cut int64
}

// Began tells that a fault (its index among those that NewRecorder was given) begins to be carried out. It is told before anything
// is done, so that whatever the fault does comes later.
func (r *Recorder) Began(fault int, at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[fault].began = &at
}

// Ended tells that a fault is gone, or that it could not be put on.
func (r *Recorder) Ended(fault int, at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[fault].ended = &at
}

// interlude is something that nobody planned, as far as it has come.
type interlude struct {
	from  time.Duration
	until *time.Duration // nil: it is not over
}

// Unplanned tells that something is on from a time that the plan does not have: what people or others put on or ended, an instance that
// died by itself. What fails while it is on is charged to no fault of the plan. over tells that it has ended, for what does.
func (r *Recorder) Unplanned(from time.Duration) (over func(at time.Duration)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := &interlude{from: from}
	r.interludes = append(r.interludes, one)
	return func(at time.Duration) {
		r.mu.Lock()
		defer r.mu.Unlock()
		one.until = &at
	}
}

// Cut is how many requests of other phases are charged to a fault.
func (r *Recorder) Cut(fault int) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults[fault].cut
}

// interrupted tells of a request that was under way when the run was ended before its time: what would have become of it is unknown.
func interrupted(s Sample) bool { return s.Outcome == Failed && !s.Unsent && s.Error == ErrCanceled }

// charged are the faults that a failed request is charged to, in place of the phase that it was intended in. There are two sorts:
// it was under way, in a phase that left the system alone, when a fault of a later phase came on; or it was intended while an earlier phase's fault
// was on that was to be gone (and needed only the harness to take it off). Where a fault of its own phase was on while
// it was under way, or something that nobody planned, what failed it can't be told, and it is its phase's.
func (r *Recorder) charged(s Sample, phase Span) []int {
	if s.Outcome != Failed || s.Unsent || interrupted(s) {
		return nil
	}
	for _, u := range r.interludes {
		if u.from <= s.Done+sameMoment && (u.until == nil || *u.until > s.Intended) {
			return nil
		}
	}
	var cut, late []int
	for i, f := range r.faults {
		switch {
		case f.began == nil || *f.began > s.Done+sameMoment || f.ended != nil && *f.ended <= s.Intended: // not on while it was under way
		case f.End <= phase.Start && !f.Restarts:
			late = append(late, i)
		case f.Start >= phase.End:
			cut = append(cut, i)
		default:
			return nil
		}
	}
	if late != nil {
		return late
	}
	return slices.Clip(cut)
}
