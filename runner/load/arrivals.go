package load

import (
	"time"

	"github.com/squallhq/squall/scenarios"
)

// arrivals are the intended times of an open load, one after the other. They are computed, not
// waited for: constant ones are the inverse of the rate's integral at 0, 1, 2 ...; Poisson ones the
// same at sums of exponential draws, so that a changing rate stays a Poisson process; bursty ones are
// groups whose starts are Poisson at the rate divided by the group's size.
type arrivals struct {
	rate   rate
	times  []scenarios.Recorded // of a replay; nil: they are computed
	until  time.Duration
	shape  string
	burst  int
	chance draws
	// passed is how many arrivals of a smooth flow have passed; left are those left of a burst.
	passed float64
	begun  bool
	left   int
	last   time.Duration
}

func newArrivals(l *scenarios.Load, seed uint64, from, until time.Duration) *arrivals {
	a := &arrivals{
		rate: newRate(l, from), until: until, shape: l.Arrivals, burst: l.Burst,
		chance: newDraws(seed, l.Name, "arrivals", 0),
	}
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
		a.left = a.burst - 1
	default:
		if a.begun {
			a.passed++
		}
		a.begun = true
	}
	at, ok = a.rate.when(a.passed)
	if !ok || at >= a.until {
		a.left = 0
		return 0, false
	}
	a.last = at
	return at, true
}

// replayed is the time of the recording's next request. Of those of one instant a ns decides who is first.
func (a *arrivals) replayed() (at time.Duration, ok bool) {
	if len(a.times) == 0 {
		return 0, false
	}
	if at = a.times[0].At; a.begun {
		at = max(at, a.last+1)
	}
	if at >= a.until {
		return 0, false
	}
	a.times, a.last, a.begun = a.times[1:], at, true
	return at, true
}
