package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// latencySlack is how far a fault's measured delay may be off its promise: timers and a busy machine.
const latencySlack = 20 * time.Millisecond

// Holds are the times for which a latency really held what met it: Count pieces of data, of which CutShort went on before
// their time, since the fault was lifted. MeanMs is of all of them, FullMs of those that were held for their whole time.
type Holds struct {
	Count, CutShort int64
	MeanMs, FullMs  float64
}

// DelayCheck tells whether a latency fault that was to be on for so long moved what met it as promised: by low to high on
// average. What is held when it is lifted goes on before its time: of a latency that takes a share of its time on that is this share of
// all, as the plan has it; where more was let go than that (and than half), it was not on as planned. A plan that lifts a latency before
// any of it is due lets all go by then, and promises no more than that.
func DelayCheck(fault string, on, low, high time.Duration, got Holds) record.Check {
	if got.CutShort == got.Count && on <= high {
		low, high = 0, on
		got.CutShort, got.FullMs = 0, got.MeanMs
	}
	full := time.Duration(got.FullMs * float64(time.Millisecond))
	slack := latencySlack + high/10
	early := float64(got.CutShort) > mostCut(got.Count, on, high)
	c := record.Check{
		Name: "receipt of " + fault,
		OK:   got.Count > got.CutShort && !early && full >= low-time.Millisecond && full <= high+slack,
		Text: fmt.Sprintf("it delayed by %.1f ms on average (promised %s to %s)", got.FullMs, low, high),
	}
	if early || got.CutShort == got.Count {
		c.Text = fmt.Sprintf("it was lifted before the time of %d of %d pieces that it held, which were late by %.1f ms on average (promised %s to %s)",
			got.CutShort, got.Count, got.MeanMs, low, high)
	}
	return c
}

// mostCut is how many of the pieces that a latency holds may go on before their time, as it is lifted: half, or where it takes more of its
// time on than that, as much, and what chance adds to that of so many (three standard deviations).
func mostCut(count int64, on, high time.Duration) float64 {
	share := .5
	if on > 0 {
		share = min(1, max(share, high.Seconds()/on.Seconds()))
	}
	n := float64(count)
	if share == .5 {
		return n / 2
	}
	return share*n + 3*math.Sqrt(share*(1-share)*n)
}
