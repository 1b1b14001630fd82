package analysis

import (
	"fmt"
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
// average. It did not where most of what it held was let go before its time. A plan that lifts a latency before any of it is
// due lets all go by then, and promises no more than that.
func DelayCheck(fault string, on, low, high time.Duration, got Holds) record.Check {
	if got.CutShort == got.Count && on <= high {
		low, high = 0, on
		got.CutShort, got.FullMs = 0, got.MeanMs
	}
	full := time.Duration(got.FullMs * float64(time.Millisecond))
	slack := latencySlack + high/10
	c := record.Check{
		Name: "receipt of " + fault,
		OK:   got.Count > got.CutShort && 2*got.CutShort <= got.Count && full >= low-time.Millisecond && full <= high+slack,
		Text: fmt.Sprintf("it delayed by %.1f ms on average (promised %s to %s)", got.FullMs, low, high),
	}
	if 2*got.CutShort > got.Count {
		c.Text = fmt.Sprintf("it was lifted before the time of %d of %d pieces that it held, which were late by %.1f ms on average (promised %s to %s)",
			got.CutShort, got.Count, got.MeanMs, low, high)
	}
	return c
}
