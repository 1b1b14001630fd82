package figures

import (
	"time"

	"github.com/squallhq/squall/runner/record"
)

// A user of a closed load stands still where it waits for longer than stallFactor times the usual (the median of the same request's
// answers), and stallLeast beyond that. Of waits that scatter exponentially one in a thousand is so long. It is material where
// users stood still for stallMaterial of their time.
const (
	stallFactor   = 10
	stallLeast    = 100 * time.Millisecond
	stallMaterial = .01
)

// ShortestTurn is the least between two requests of a user of a closed load or a session, so that a system that answers in no time does not
// make a loop that never lets time pass.
const ShortestTurn = 100 * time.Microsecond

// stall is what the users' time came to in so long; false: they did not stand still for a material part of it.
func (c Closed) stall(phases time.Duration) (record.Stall, bool) {
	out := record.Stall{Load: c.Load}
	if phases <= 0 || c.Users == 0 {
		return out, false
	}
	think := c.Thought / time.Duration(max(c.Thinks, 1))
	var lost, longest time.Duration
	missed := 0.0
	for _, request := range c.Waits { // sums of fractions are taken in one order
		if len(request.Answered) == 0 {
			continue // nobody knows what is usual
		}
		usual := record.Quantile(request.Answered.Histogram(), 50)
		here := time.Duration(0)
		for _, bar := range request.All {
			wait := time.Duration(bar.Top) * time.Microsecond
			if wait > max(stallFactor*usual, usual+stallLeast) {
				here += time.Duration(bar.Count) * (wait - usual)
				longest = max(longest, request.Most)
			}
		}
		lost += here
		missed += float64(here) / float64(max(think+usual, ShortestTurn))
	}
	out.TimeShare = min(1, lost.Seconds()/(float64(c.Users)*phases.Seconds()))
	out.NotSent, out.LongestS = int64(missed), record.Seconds(longest)
	return out, out.TimeShare >= stallMaterial
}
