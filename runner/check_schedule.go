package runner

import (
	"fmt"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// The generator's rules.
const (
	// mostUnsent is the share of intended requests that may have gone unsent.
	mostUnsent = 0.01
	// lagShare of the tightest latency that is claimed may be lag; leastLag is always allowed: some timer ticks of a busy machine.
	lagShare = 0.1
	leastLag = 10 * time.Millisecond
	// unclaimedLag is allowed where no latency is claimed: latencies are then for reading, not for judging.
	unclaimedLag = 100 * time.Millisecond
)

// LagLimit is how late the generator's p99 may be: 10 % of the tightest latency that the scenario expects and 10 ms at
// least; 100 ms where it expects none (tightest is 0). Lag is part of every latency, as that counts from the intended
// time; the rule keeps that part small against the claim that is judged.
func LagLimit(tightest time.Duration) time.Duration {
	if tightest == 0 {
		return unclaimedLag
	}
	return max(leastLag, time.Duration(lagShare*float64(tightest)))
}

// ScheduleCheck tells whether the generator kept its schedule: at most 1 % unsent and lag p99 within the limit.
func ScheduleCheck(g record.Generator, limit time.Duration) record.Check {
	c := record.Check{Name: "generator kept its schedule"}
	unsent := 0.0
	if g.Intended > 0 {
		unsent = float64(g.Unsent) / float64(g.Intended)
	}
	c.OK = unsent <= mostUnsent && g.LagMs.P99 <= record.Milliseconds(limit)
	c.Text = fmt.Sprintf("%d of %d requests unsent (at most %g%%), lag p99 %.1f ms (at most %.1f ms)",
		g.Unsent, g.Intended, 100*mostUnsent, g.LagMs.P99, record.Milliseconds(limit))
	if g.Limited {
		c.Text += "; its limit of requests in flight was reached"
	}
	return c
}

// tightest is the smallest upper bound of a latency that the scenario expects; 0 if there is none.
func tightest(s *scenarios.Scenario) time.Duration {
	least := 0.0
	for _, e := range s.Expect {
		for _, b := range e.Bounds {
			switch b.Metric {
			case scenarios.MetricMean, scenarios.MetricP50, scenarios.MetricP90, scenarios.MetricP95,
				scenarios.MetricP99, scenarios.MetricP999, scenarios.MetricMax:
				if strings.HasPrefix(b.Op, "<") && (least == 0 || b.Value < least) {
					least = b.Value
				}
			}
		}
	}
	return time.Duration(least * float64(time.Second))
}
