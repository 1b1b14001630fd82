package analysis_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/analysis"
)

// queue is an M/M/1 by Lindley's recursion: its seconds, from a start at rest `warm` before zero. At load(t) of its capacity.
func queue(rng *rand.Rand, service time.Duration, load func(t float64) float64, warm, seconds int) []analysis.Second {
	var out []analysis.Second
	var latencies []time.Duration
	second := 0
	flush := func() {
		if n := len(latencies); n > 0 {
			slices.Sort(latencies)
			out = append(out, analysis.Second{At: time.Duration(second) * time.Second, Sent: int64(n), Good: int64(n),
				P99: latencies[int(math.Ceil(.99*float64(n)))-1], Max: latencies[n-1]})
		}
		latencies = latencies[:0]
		second++
	}
	wait, mean := 0.0, service.Seconds()
	for at := -float64(warm); at < float64(seconds); {
		gap := rng.ExpFloat64() * mean / load(at)
		at += gap
		wait = max(0, wait-gap)
		took := rng.ExpFloat64() * mean
		for at >= float64(second+1) && second < seconds {
			flush()
		}
		if at >= 0 && at < float64(seconds) {
			latencies = append(latencies, time.Duration((wait+took)*float64(time.Second)))
		}
		wait += took
	}
	for second < seconds {
		flush()
	}
	return out
}

// unsteady counts the runs of a queue that the check calls unsteady.
func unsteady(service time.Duration, load func(float64) float64, seconds, runs int) int {
	bad := 0
	for n := range runs {
		lived := queue(rand.New(rand.NewPCG(uint64(n), 1)), service, load, 30, seconds)
		if c := analysis.SteadyCheck(lived, 0, time.Duration(seconds)*time.Second); c == nil || !c.OK {
			bad++
		}
	}
	return bad
}

// The check knows the noise of its own figures: at most 5 % of stationary runs are called unsteady.
func TestSteadyCheckLeavesStationaryQueuesAlone(t *testing.T) {
	t.Parallel()
	const runs = 500
	most := int(.05*runs + 3*math.Sqrt(.05*.95*runs)) // three deviations of a share of 5 %
	for _, service := range []time.Duration{2 * ms, 5 * ms, 10 * ms, 20 * ms} {
		for _, seconds := range []int{12, 30} {
			level := func(float64) float64 { return .8 }
			if bad := unsteady(service, level, seconds, runs); bad > most {
				t.Errorf("M/M/1 of %s at 80 %%, %d s: %d of %d unsteady, want at most %d", service, seconds, bad, runs, most)
			}
		}
	}
}

// And it has the power to see a drift: a queue that is offered more than it can serve.
func TestSteadyCheckSeesADrift(t *testing.T) {
	t.Parallel()
	const runs = 300
	least := int(.95*runs - 3*math.Sqrt(.05*.95*runs))
	for _, service := range []time.Duration{2 * ms, 5 * ms, 10 * ms, 20 * ms} {
		overload := func(at float64) float64 {
			if at < 0 {
				return .5
			}
			return 1.5
		}
		if caught := unsteady(service, overload, 12, runs); caught < least {
			t.Errorf("150 %% of a queue of %s for 12 s: %d of %d unsteady, want at least %d", service, caught, runs, least)
		}
	}
}
