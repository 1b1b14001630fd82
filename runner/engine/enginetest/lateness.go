package enginetest

import (
	"math"

	"github.com/squallhq/squall/runner/record"
)

// CameBefore is how many requests at a rate a second may have come between the time at which a fault was to be on and when it was: a busy machine
// takes a while to put it on. One more was on its way.
func CameBefore(f record.Fault, rate float64) int64 {
	if f.AppliedS == nil {
		return math.MaxInt64
	}
	return int64(math.Ceil((*f.AppliedS-f.ScheduledS)*rate)) + 1
}

// CameAfter is how many may have come between the time at which it was to be gone and when it was.
func CameAfter(f record.Fault, rate float64) int64 {
	if f.UndoneS == nil {
		return math.MaxInt64
	}
	return int64(math.Ceil((*f.UndoneS-f.ScheduledUndoS)*rate)) + 1
}
