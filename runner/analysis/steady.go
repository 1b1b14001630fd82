package analysis

import (
	"math"
	"slices"
	"time"
)

// Steady is the band that a run is in while it is left alone.
type Steady struct {
	// Known tells that there were enough seconds before the first fault to say so.
	Known bool
	// Seconds it was measured over, and the requests in them.
	Seconds int
	Sent    int64
	// Success is the share of good answers, P99 the limit that a second's p99 may reach.
	Success float64
	P99     time.Duration
	// Rate of requests a second.
	Rate float64
	// Since is when the load last changed before that stretch.
	Since time.Duration

	slow int64 // of Sent, those over P99
}

// The steady band. A second is within it when both hold:
//
//	success >= steady success - max(1 percentage point, 3 standard deviations of a second with as many requests)
//	no more than 1 % + 3 standard deviations of its requests are slower than
//	limit   =  1.5 x the highest p99 of a steady second (the worst one in each ten left out) + 5 ms
//
// Why: the success of a second with few requests scatters by chance alone, so the band widens as the
// binomial does (with the steady share taken as (good+1)/(sent+2), so that a perfect steady state has a
// width too); one percentage point is the least that users would call a change. A second's p99 over
// some hundred requests is nearly its maximum and scatters by more than any multiple of its mean
// tells, so the limit stands on the highest that steady seconds showed themselves: of k steady seconds,
// a further one exceeds all with a chance of 1/(k+1) only, and 1.5 times that hardly ever. And since a second of 100 requests has one over its true p99 by definition, and four by
// chance now and then, a second is out only when more requests than chance explains are over the limit. The worst in
// each ten is left out, so that one pause of the machine does not hide a fault; 5 ms is for systems
// whose p99 is about a timer's tick.
const (
	steadyLeast      = 3 // seconds
	steadyPoints     = 0.01
	steadyDeviations = 3
	steadyFactor     = 1.5
	steadySlack      = 5 * time.Millisecond
	steadyOutliers   = 10 // one in so many
)

// SteadyState measures the band over the last steady stretch: the whole seconds from one time, when the load last changed, to
// another, when the first fault began. Under a load that still ramps up there is no steady state. The last
// ones are left out as long as there are enough without them, where a request of theirs may have been in
// flight when it began: what the fault did to that is no steady state, and would hide the fault.
func SteadyState(timeline []Second, from, before time.Duration) Steady {
	s := steadyOf(untouched(timeline, from, before))
	s.Since = from
	return s
}

func steadyOf(stretch []Second) Steady {
	var p99s []time.Duration
	var s Steady
	var good int64
	for _, second := range stretch {
		s.Seconds++
		s.Sent += second.Sent
		good += second.Good
		p99s = append(p99s, second.P99)
	}
	if s.Seconds < steadyLeast {
		return s
	}
	slices.Sort(p99s)
	highest := p99s[len(p99s)-1-len(p99s)/steadyOutliers]
	s.Known = true
	s.Success = float64(good) / float64(s.Sent)
	s.Rate = float64(s.Sent) / float64(s.Seconds)
	s.P99 = time.Duration(steadyFactor*float64(highest)) + steadySlack
	for _, second := range stretch {
		s.slow += second.slower(s.P99)
	}
	return s
}

// untouched are the whole seconds between two times, less the last ones that what came then may have touched.
func untouched(timeline []Second, from, before time.Duration) []Second {
	for len(timeline) > 0 && timeline[0].At < from {
		timeline = timeline[1:]
	}
	n := 0
	for n < len(timeline) && timeline[n].At+time.Second <= before {
		n++
	}
	for n > steadyLeast && timeline[n-1].At+time.Second+timeline[n-1].Max > before {
		n--
	}
	return timeline[:n]
}

// Good tells whether a second's success is within the band.
func (s Steady) Good(second Second) bool {
	share := (s.Success*float64(s.Sent) + 1) / (float64(s.Sent) + 2)
	deviation := math.Sqrt(share * (1 - share) / float64(second.Sent))
	return second.Success() >= s.Success-max(steadyPoints, steadyDeviations*deviation)-1e-12
}

// blind tells that a second in which nothing went well would be within the band: so little did in the steady state. Whatever comes after a fault
// would be recovered.
func (s Steady) blind() bool {
	return s.Good(Second{Sent: max(1, int64(math.Round(s.Rate)))})
}

// Within tells whether a second is within the band: its success and its slow requests.
func (s Steady) Within(second Second) bool { return s.Good(second) && second.Tail <= s.P99 }

// Felt tells that a stretch as a whole is outside the band, though no second of it may be: a few requests each, which a second has too few of to
// tell from chance. Success is then lower by a point, or 1 % are over the band's p99, and each by more than three standard deviations of
// so many requests.
func (s Steady) Felt(stretch []Second) bool {
	whole := together(stretch)
	if whole.Sent == 0 {
		return false
	}
	if !s.Good(whole) {
		return true
	}
	var slow int64
	for _, second := range stretch {
		slow += second.slower(s.P99)
	}
	n := float64(whole.Sent)
	usual := float64(s.slow+1) / float64(s.Sent+2)
	return float64(slow) >= max(.01*n, usual*n+steadyDeviations*math.Sqrt(usual*(1-usual)*n))
}

// worse tells that a second is worse than a steady one usually is, by however little.
func (s Steady) worse(second Second) bool {
	return second.Success() < s.Success-1e-12 || float64(second.slower(s.P99)) > .01*float64(second.Sent)
}
