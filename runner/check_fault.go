package runner

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// delayCheck tells whether a latency fault moved what met it as promised. nil for other faults, and for one that
// delayed nothing (its receipt says so).
func (i *injection) delayCheck() *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	r := i.receipt
	low, high, ok := promised(i.fault.Primitives, i.fault.End-i.fault.Start, r)
	if !ok || i.undone == nil || r.Delays == 0 {
		return nil
	}
	return ptr(analysis.DelayCheck(title(i.fault), i.fault.End-i.fault.Start, low, high,
		analysis.Holds{Count: r.Delays, CutShort: r.CutShort, MeanMs: r.DelayMs, FullMs: r.FullDelayMs}))
}

// promised is the least and the most mean delay that latency toxics promise, which are on for so long; false where there are none, or
// with others.
func promised(primitives []faults.Primitive, on time.Duration, got faults.Receipt) (low, high time.Duration, ok bool) {
	for _, p := range primitives {
		if p.Op != faults.OpToxic {
			return 0, 0, false
		}
		toxic, is := p.Toxic.Attributes.(faults.LatencyToxic)
		if !is {
			return 0, 0, false
		}
		latency, jitter := toxic.Latency.Duration(), toxic.Jitter.Duration()
		one, most := max(latency-jitter, 0), latency+jitter
		switch {
		case toxic.CV > 0:
			one, most = spread(latency, toxic.CV, on, got)
		case toxic.Shape == faults.ShapePareto:
			one, most = latency, latency+5*jitter
		}
		if !ok || one < low {
			low = one
		}
		high = max(high, most)
		ok = true
	}
	return low, high, ok
}

// spread is between what the mean of so many draws by a coefficient of variation may be: five standard errors from its mean. Long draws
// are let go before their time as the fault ends, and are not in the mean of those that were held for it: it lacks
// E[D^2]/on, since a draw of D is cut short in the last D of the time that it is on.
func spread(mean time.Duration, cv float64, on time.Duration, got faults.Receipt) (low, high time.Duration) {
	m, draws := mean.Seconds(), float64(got.Delays)
	if got.Requests > 0 {
		draws = min(draws, float64(got.Requests)) // an answer of several pieces is one draw
	}
	noise := 5 * m * cv / math.Sqrt(max(draws, 1))
	least := m - noise
	if on > 0 {
		least -= m * m * (1 + cv*cv) / on.Seconds()
	}
	return time.Duration(max(least, 0) * float64(time.Second)), time.Duration((m + noise) * float64(time.Second))
}

// latenessLimit is how late the harness may begin to put a fault on or take it off. How long carrying it out then
// takes is the fault's own affair (a restart takes its time) and stands in the record.
const latenessLimit = 250 * time.Millisecond

// latenessCheck tells whether the harness ordered a fault on and off in time. A fault that began late because an
// earlier one on the same target was still being undone is late too.
func (i *injection) latenessCheck() *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.startedOn == nil {
		return nil
	}
	on := *i.startedOn - i.fault.Start
	off := time.Duration(0)
	if i.startedOff != nil {
		off = max(*i.startedOff-i.fault.End, 0)
	}
	return &record.Check{
		Name: "timing of " + title(i.fault),
		OK:   on <= latenessLimit && off <= latenessLimit,
		Text: fmt.Sprintf("on %.1f ms late, off %.1f ms late (at most %s)", record.Milliseconds(on), record.Milliseconds(off), latenessLimit),
	}
}
