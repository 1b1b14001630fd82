package analysis

import (
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// The agreement of two halves of a steady stretch: success within the band's own rule, and the medians of their seconds' p99
// within a factor of 2 and 25 ms of each other. Medians, as one pause of the machine says nothing; a queue that
// grows without end makes the second half's three times the first's.
const (
	halvesFactor = 2
	halvesSlack  = 25 * time.Millisecond
)

// SteadyCheck compares the two halves of the seconds before the first fault. nil where they are shorter than a
// band needs: then nothing is claimed (and recovery is untold).
func SteadyCheck(timeline []Second, before time.Duration) *record.Check {
	whole := SteadyState(timeline, before)
	if whole.Seconds < 2*steadyLeast {
		return nil
	}
	half := whole.Seconds / 2
	a, b := timeline[:half], timeline[half:whole.Seconds]
	first := SteadyState(a, before)
	slower, faster := medianP99(b), medianP99(a)
	if slower < faster {
		slower, faster = faster, slower
	}
	return &record.Check{
		Name: "steady state",
		OK:   first.Good(together(b)) && slower <= halvesFactor*faster+halvesSlack,
		Text: fmt.Sprintf("in the two halves of the %d s before the first fault: success %.2f%% and %.2f%%, p99 %.1f ms and %.1f ms (median of seconds)",
			whole.Seconds, 100*first.Success, 100*together(b).Success(),
			record.Milliseconds(medianP99(a)), record.Milliseconds(medianP99(b))),
	}
}

// together are all requests of a stretch, as one second's.
func together(seconds []Second) Second {
	var out Second
	for _, s := range seconds {
		out.Sent += s.Sent
		out.Good += s.Good
	}
	return out
}

func medianP99(seconds []Second) time.Duration {
	p99s := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		p99s[i] = s.P99
	}
	slices.Sort(p99s)
	return p99s[len(p99s)/2]
}
