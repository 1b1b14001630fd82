package load

import (
	"time"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/scenarios"
)

// arrivals are the intended times of an open load, one after the other. They are computed, not
// waited for: constant ones are the inverse of the rate's integral at 0, 1, 2 ...; Poisson ones the
// same at sums of exponential draws, so that a changing rate stays a Poisson process; bursty ones are
// groups whose starts are Poisson at the rate divided by the group's size.
type arrivals struct {
	rate   rate                 // by the run's time
	plan   rate                 // by the plan's
	times  []scenarios.Recorded // of a replay; nil: they are computed
	until  time.Duration
	load   string
	shape  string
	burst  int
	chance draws
	// passed is how many arrivals of a smooth flow have passed; left are those left of a burst.
	passed float64
	begun  bool
	left   int
	last   time.Duration
	// before is the last but one, known that there is a last one: the time of the next one is told anew from it where the course turns.
	before time.Duration
	known  bool
}

func newArrivals(l *scenarios.Load, seed uint64, from, until time.Duration) *arrivals {
	a := &arrivals{
		plan: newRate(l, from), until: until, load: l.Name, shape: l.Arrivals, burst: l.Burst,
		chance: newDraws(seed, l.Name, "arrivals", 0),
	}
	a.rate = a.plan
	if l.Replay != nil {
		a.times = within(l.Replay.Requests, from)
	}
	if a.burst <= 0 {
		a.burst = scenarios.DefaultBurst
	}
	return a
}

// next is the next intended time before the end of the drive.
func (a *arrivals) next() (at time.Duration, ok bool) {
	a.before = a.last
	if a.times != nil {
		return a.replayed()
	}
	if a.left > 0 {
		a.left--
		a.last++ // a ns decides who is first
		return a.last, true
	}
	switch a.shape {
	case "poisson":
		a.passed += a.chance.exponential()
	case "bursty":
		a.passed += a.chance.exponential() * float64(a.burst)
	default:
		if a.begun {
			a.passed++
		}
		a.begun = true
	}
	return a.due()
}

// due is when the arrival comes that was drawn last.
func (a *arrivals) due() (at time.Duration, ok bool) {
	at, ok = a.rate.when(a.passed)
	if a.known = ok && at < a.until; !a.known {
		return 0, false
	}
	if a.shape == "bursty" {
		a.left = a.burst - 1
	}
	a.last = at
	return at, true
}

// turn has the arrivals to come keep to another way, and tells anew when the next one comes, which next has told already. What was drawn
// stays as it was drawn: it is as many arrivals of the rate later. A recording has its own time, and goes on in it.
func (a *arrivals) turn(way *course.Way) (at time.Duration, ok bool) {
	a.along(way)
	switch {
	case a.times != nil && a.known:
		return a.last, a.last < a.until
	case a.times != nil:
		return a.replayed()
	}
	if a.known && a.shape == "bursty" && a.left < a.burst-1 {
		return a.last, a.last < a.until // the rest of a burst that has begun
	}
	if _, ok = a.due(); ok {
		a.last = max(a.last, a.before)
	}
	return a.last, ok
}

// along has the arrivals that next tells keep to another way.
func (a *arrivals) along(way *course.Way) {
	if a.until = way.Total(); a.times == nil {
		a.rate = a.plan.along(way, a.load)
	}
}

// replayed is the time of the recording's next request. Of those of one instant a ns decides who is first.
func (a *arrivals) replayed() (at time.Duration, ok bool) {
	if a.known = len(a.times) > 0; !a.known {
		return 0, false
	}
	if at = a.times[0].At; a.begun {
		at = max(at, a.last+1)
	}
	if a.known = at < a.until; !a.known {
		return 0, false
	}
	a.times, a.last, a.begun = a.times[1:], at, true
	return at, true
}
