package analysis

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Two halves of a steady stretch agree: success within the band's own rule, and the medians of their seconds' p99
// within a factor of 1.5 and 25 ms of each other. Medians, as one pause of the machine says nothing; a queue that
// grows without end makes the second half's three times the first's.
const (
	halvesFactor = 1.5
	halvesSlack  = 25 * time.Millisecond
)

// A difference of the halves counts only beyond the noise of the figures themselves: the stretch is cut into batches of whole
// seconds, and a step between the halves, or a line through all of them, must be more than halvesT times its standard error.
// Batches and not seconds, as the seconds of a queue are like each other: one that is busy stays so. That holds for batches too,
// somewhat, so that the limit is more than Student's 2.8 for 5 % and 4 degrees of freedom.
const (
	halfBatches = 3
	halvesT     = 4
)

// SteadyCheck compares the two halves of the last steady stretch before the first fault: the seconds from one time (when the
// load last changed) to another (when the fault began). nil where they are fewer than a band needs: then nothing is
// claimed (and recovery is untold).
//
// Of stationary runs (M/M/1 at 80 % of its capacity, 40 requests a second and more, 12 s and longer) it calls fewer than 5 % unsteady, of runs
// that offer such a queue half more than it can serve, more than 95 % (and 75 to 90 % of those that offer a fifth more).
func SteadyCheck(timeline []Second, from, before time.Duration) *record.Check {
	stretch := untouched(timeline, from, before)
	if len(stretch) < 2*steadyLeast {
		return nil
	}
	half := len(stretch) / 2
	a, b := stretch[:half], stretch[half:]
	first := steadyOf(a)
	slower, faster := medianP99(b), medianP99(a)
	if slower < faster {
		slower, faster = faster, slower
	}
	failing := !first.Good(together(b)) && differ(stretch, Second.Success)
	drifting := slower > time.Duration(halvesFactor*float64(faster))+halvesSlack && differ(stretch, logP99)
	return &record.Check{
		Name: "steady state",
		OK:   !failing && !drifting,
		Text: fmt.Sprintf("in the two halves of the %d s before the first fault: success %.2f%% and %.2f%%, p99 %.1f ms and %.1f ms (median of seconds)",
			len(stretch), 100*first.Success, 100*together(b).Success(),
			record.Milliseconds(medianP99(a)), record.Milliseconds(medianP99(b))),
	}
}

// differ tells that the two halves of a stretch differ by more than their own noise: as a step (the batches of each half scatter
// about its own mean) or as a trend (all batches scatter about one line).
func differ(stretch []Second, of func(Second) float64) bool {
	const n = 2 * halfBatches
	var y [n]float64
	mean := 0.0
	for i := range y {
		batch := stretch[i*len(stretch)/n : (i+1)*len(stretch)/n]
		for _, s := range batch {
			y[i] += of(s) / float64(len(batch))
		}
		mean += y[i] / n
	}
	return explains(y[:], mean, func(i int) float64 { return math.Copysign(1, float64(i)-halfBatches+.5) }) ||
		explains(y[:], mean, func(i int) float64 { return float64(i) - (n-1)/2. })
}

// explains tells that y follows a shape (of mean 0) by more than what is left of y about it: |slope| > t x its standard error.
func explains(y []float64, mean float64, shape func(int) float64) bool {
	var xy, xx, left float64
	for i, v := range y {
		xy += shape(i) * (v - mean)
		xx += shape(i) * shape(i)
	}
	for i, v := range y {
		off := v - mean - xy/xx*shape(i)
		left += off * off
	}
	return math.Abs(xy) > halvesT*math.Sqrt(left/float64(len(y)-2)*xx)
}

// logP99 is a second's p99 on a scale on which twice as much is as far as half as much.
func logP99(s Second) float64 { return math.Log(max(s.P99, time.Microsecond).Seconds()) }

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
	return p99s[record.Rank(50, int64(len(p99s)))-1]
}
