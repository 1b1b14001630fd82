package analysis

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// The generator's rules.
const (
	// mostUnsent is the share of intended requests that may have gone unsent.
	mostUnsent = 0.01
	// lagLimit is how late the generator's p99 may be, in which the load of every second is still the one
	// intended. Smaller lag is part of every latency, as that counts from the intended time: a claim that a
	// latency is small holds all the more without it, and the judge leaves a claim untold that lag decides.
	lagLimit = 100 * time.Millisecond
)

// ScheduleCheck tells whether the generator kept its schedule: at most 1 % unsent and lag p99 within lagLimit.
func ScheduleCheck(g record.Generator) record.Check {
	c := record.Check{Name: "generator kept its schedule"}
	unsent := 0.0
	if g.Intended > 0 {
		unsent = float64(g.Unsent) / float64(g.Intended)
	}
	c.OK = unsent <= mostUnsent && g.LagMs.P99 <= record.Milliseconds(lagLimit)
	c.Text = fmt.Sprintf("%d of %d requests unsent (at most %g%%), lag p99 %.1f ms (at most %.1f ms)",
		g.Unsent, g.Intended, 100*mostUnsent, g.LagMs.P99, record.Milliseconds(lagLimit))
	if g.RanOut != "" {
		c.OK = false
		c.Text += "; the generator ran out of " + g.RanOut
	}
	if g.Limited {
		c.Text += "; its limit of requests in flight was reached"
	}
	return c
}
