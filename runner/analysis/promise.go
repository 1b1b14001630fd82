package analysis

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// latencySlack is how far a fault's measured delay may be off its promise: timers and a busy machine.
const latencySlack = 20 * time.Millisecond

// DelayCheck tells whether a latency fault moved what met it as promised: by low to high on average. got is in ms.
func DelayCheck(fault string, low, high time.Duration, gotMs float64) record.Check {
	got := time.Duration(gotMs * float64(time.Millisecond))
	slack := latencySlack + high/10
	return record.Check{
		Name: "receipt of " + fault,
		OK:   got >= low-time.Millisecond && got <= high+slack,
		Text: fmt.Sprintf("it delayed by %.1f ms on average (promised %s to %s)", gotMs, low, high),
	}
}
