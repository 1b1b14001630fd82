package topology

import (
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Expected is how many requests of an open or partly open load are intended from one time to
// another (counted from the start of the first phase), on average: the integral of its rate, times the
// requests of a session (fewer come where steps fail). A closed load's users wait for answers, so that its count is known
// only afterwards: known is false.
func Expected(l *scenarios.Load, from, until time.Duration) (requests float64, known bool) {
	if l.Users > 0 {
		return 0, false
	}
	arrivals := arrived(l, until) - arrived(l, from)
	return arrivals * float64(l.Session.Length()), true
}

// arrived is the integral of the rate from 0 to a time. One below 0 is the warm-up's begin: the rate is the one at 0 from then on, or
// comes to it in a line.
func arrived(l *scenarios.Load, at time.Duration) float64 {
	spans := l.Shape()
	if at < 0 && l.Replay != nil {
		return 0 // a recording begins with the first phase
	}
	if at < 0 && l.WarmUpFrom > 0 {
		return (l.WarmUpFrom + spans[0].From) / 2 * at.Seconds()
	}
	if at < 0 {
		return spans[0].From * at.Seconds()
	}
	sum, rate := 0.0, 0.0
	for _, s := range spans {
		part := min(at, s.For)
		if s.For > 0 {
			sum += part.Seconds() * (s.From + (s.To-s.From)*part.Seconds()/s.For.Seconds()/2)
		}
		at -= part
		rate = s.To
	}
	return sum + rate*at.Seconds()
}
