// Package course says when in a run each moment of its plan comes. The plan's time passes as the run's does until somebody holds a phase
// (it stands still), ends one (it leaps to the next) or leaves one out (it will leap over it). Whoever asks for the time of a phase, a fault or
// a load's stage asks here, so that all of them go by the same one. It knows neither faults nor loads.
package course

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Never is the time of what does not come as things stand: what comes after a hold that nobody has ended.
const Never = 100 * 365 * 24 * time.Hour

// ErrOver is a course that can't be changed any more: the plan has come to its end.
var ErrOver = errors.New("the phases are over")

// Phase is a phase in the plan's time.
type Phase struct {
	Name       string
	Start, End time.Duration
}

// Stretch is a part of a run: at Run, the plan's time is Plan, and from there it Passes as the run's does, or stands still. It lasts until the
// next one begins.
type Stretch struct {
	Run, Plan time.Duration
	Passes    bool
}

// Way is a course as it stands. It never changes: a change of the course makes another.
type Way struct {
	stretches []Stretch
	total     time.Duration // of the plan
	paces     map[string][]Pace
}

// Pace is what a load's rate is from a time of the run on: so many Times that of the plan, or Rate a second where Times is 0.
type Pace struct {
	From        time.Duration
	Times, Rate float64
}

// Paces are those of a load, in the order of time; nil: it keeps to the plan's rate.
func (w *Way) Paces(load string) []Pace { return w.paces[load] }

// Stretches are its parts in the order of time; the first one reaches back into the warm-up.
func (w *Way) Stretches() []Stretch { return w.stretches }

// Straight tells that the plan's time is the run's throughout.
func (w *Way) Straight() bool { return len(w.stretches) == 1 }

// At is when a time of the plan comes, by the run's time; of what is leapt over, when that happens. Of a time at which the plan stands still
// it is the begin of that.
func (w *Way) At(plan time.Duration) time.Duration {
	for i, s := range w.stretches {
		switch last := i+1 == len(w.stretches); {
		case plan <= s.Plan:
			if i == 0 {
				return s.Run + plan - s.Plan // the warm-up
			}
			return s.Run
		case !s.Passes && last:
			return Never
		case s.Passes && (last || plan-s.Plan <= w.stretches[i+1].Run-s.Run):
			return s.Run + plan - s.Plan
		}
	}
	return Never
}

// Plan is the plan's time at a time of the run.
func (w *Way) Plan(run time.Duration) time.Duration {
	now := w.stretches[0]
	for _, s := range w.stretches[1:] {
		if s.Run > run {
			break
		}
		now = s
	}
	if !now.Passes {
		return now.Plan
	}
	return now.Plan + run - now.Run
}

// Total is when the plan's end comes.
func (w *Way) Total() time.Duration { return w.At(w.total) }

// Course is the way of one run, which people may change. Its methods may be called at any time, and by several at once.
type Course struct {
	phases []Phase
	total  time.Duration

	mu      sync.Mutex
	way     *Way
	held    bool
	leftOut []bool // by phase: it will be, or was
	over    bool
	turned  chan struct{}
	follows chan struct{} // closed when it is over; nil: it follows nobody
}

// New is the course of a plan that nobody has changed; its phases follow each other from 0 on.
func New(phases []Phase) *Course {
	c := &Course{phases: phases, leftOut: make([]bool, len(phases)), turned: make(chan struct{})}
	if len(phases) > 0 {
		c.total = phases[len(phases)-1].End
	}
	c.way = &Way{stretches: []Stretch{{Passes: true}}, total: c.total}
	return c
}

// Look is the way as it stands, and what is closed when it is changed.
func (c *Course) Look() (way *Way, turned <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.way, c.turned
}

// Way is the way as it stands.
func (c *Course) Way() *Way {
	way, _ := c.Look()
	return way
}

// Onward is the way as it would be if a hold ended now: what to tell those who watch.
func (c *Course) Onward(now time.Duration) *Way {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held {
		return c.way
	}
	return c.bent(now, c.way.Plan(now), true)
}

// Held tells that the plan's time stands still.
func (c *Course) Held() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Over tells that the plan's end has come, by a time of the run; from then on the course can't be changed. One that follows another waits until
// it is told so, or that the other has gone on another way.
func (c *Course) Over(now time.Duration) bool {
	if c.follows != nil {
		return c.told(now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = c.over || now >= c.way.Total()
	return c.over
}

// Present is the index of the phase of a time of the run; -1 before the first and after the last.
func (c *Course) Present(now time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present(now)
}

func (c *Course) present(now time.Duration) int {
	plan := c.way.Plan(now)
	for i, p := range c.phases {
		if plan >= p.Start && plan < p.End {
			return i
		}
	}
	return -1
}

// Next is the index of the phase that comes after the one of a time of the run; -1: none does.
func (c *Course) Next(now time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next(now)
}

func (c *Course) next(now time.Duration) int {
	present := c.present(now)
	if present < 0 {
		return -1
	}
	for i := present + 1; i < len(c.phases); i++ {
		if !c.leftOut[i] {
			return i
		}
	}
	return -1
}

// Hold has the plan's time stand still from now on.
func (c *Course) Hold(now time.Duration) error {
	return c.change(now, func(plan time.Duration) (time.Duration, error) {
		c.held = true
		return plan, nil
	})
}

// Go has it pass on.
func (c *Course) Go(now time.Duration) error {
	return c.change(now, func(plan time.Duration) (time.Duration, error) {
		c.held = false
		return plan, nil
	})
}

// End leaps to the end of the present phase, out of a hold too.
func (c *Course) End(now time.Duration) error {
	return c.change(now, func(plan time.Duration) (time.Duration, error) {
		present := c.present(now)
		if present < 0 {
			return 0, errNoPhase
		}
		c.held = false
		return c.phases[present].End, nil
	})
}

// Pace changes the rates of loads from now on.
func (c *Course) Pace(now time.Duration, pace Pace, loads ...string) error {
	return c.change(now, func(plan time.Duration) (time.Duration, error) {
		pace.From = now
		paces := maps.Clone(c.way.paces)
		if paces == nil {
			paces = map[string][]Pace{}
		}
		for _, load := range loads {
			paces[load] = append(slices.Clone(paces[load]), pace)
		}
		c.way = &Way{c.way.stretches, c.way.total, paces}
		return plan, nil
	})
}

// LeaveOut leaves the next phase out when its time has come, and returns its index.
func (c *Course) LeaveOut(now time.Duration) (phase int, err error) {
	err = c.change(now, func(plan time.Duration) (time.Duration, error) {
		if phase = c.next(now); phase < 0 {
			return 0, errors.New("no phase comes after this one")
		}
		c.leftOut[phase] = true
		return plan, nil
	})
	return phase, err
}

var errNoPhase = errors.New("no phase is under way")

// change has the plan's time go on from what f says.
func (c *Course) change(now time.Duration, f func(plan time.Duration) (time.Duration, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || now >= c.way.Total() {
		c.over = true
		return ErrOver
	}
	was := c.way.Plan(now)
	held, left := c.held, slices.Clone(c.leftOut)
	plan, err := f(was)
	if err != nil {
		return err
	}
	if plan != was || held != c.held || !slices.Equal(left, c.leftOut) { // else only a pace changes
		c.way = c.bent(now, plan, !c.held)
	}
	close(c.turned)
	c.turned = make(chan struct{})
	return nil
}

// bent is the way from now on, where the plan's time is plan.
func (c *Course) bent(now, plan time.Duration, passes bool) *Way {
	out := &Way{total: c.total, paces: c.way.paces}
	for _, s := range c.way.stretches {
		if s.Run < now || len(out.stretches) == 0 {
			out.stretches = append(out.stretches, s)
		}
	}
	out.stretches = append(out.stretches, Stretch{now, plan, passes})
	if !passes {
		return out
	}
	for i, p := range c.phases {
		if last := out.stretches[len(out.stretches)-1]; c.leftOut[i] && p.Start >= last.Plan {
			out.stretches = append(out.stretches, Stretch{last.Run + p.Start - last.Plan, p.End, true})
		}
	}
	return out
}
