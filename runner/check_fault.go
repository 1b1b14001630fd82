package runner

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
)

// delayCheck tells whether a latency fault moved what met it as promised. nil for other faults, and for one that
// delayed nothing (its receipt says so).
func (i *injection) delayCheck(way *course.Way) *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, lasts := i.receipt, way.At(i.fault.End)-way.At(i.fault.Start)
	low, high, ok := promised(i.fault.Primitives, lasts, r)
	if !ok || i.undone == nil || r.Delays == 0 {
		return nil
	}
	return ptr(analysis.DelayCheck(title(i.fault), lasts, low, high,
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
// earlier one on the same target was still being undone is late too. What took longer to put on than it was to last (a promotion of
// a real database) is taken off in time when that is at once.
func (i *injection) latenessCheck(way *course.Way) *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.startedOn == nil {
		return nil
	}
	on := *i.startedOn - way.At(i.fault.Start)
	off := time.Duration(0)
	if i.startedOff != nil {
		due := way.At(i.fault.End)
		if i.applied != nil {
			due = max(due, *i.applied)
		}
		off = max(*i.startedOff-due, 0)
	}
	c := &record.Check{
		Name: "timing of " + title(i.fault),
		OK:   on <= latenessLimit && off <= latenessLimit,
		Text: fmt.Sprintf("on %.1f ms late, off %.1f ms late (at most %s)", record.Milliseconds(on), record.Milliseconds(off), latenessLimit),
	}
	if taken := max(between(i.startedOn, i.applied), between(i.startedOff, i.undone)); taken > edgesLimit && i.onEdgesAlone() {
		c.OK = false
		c.Text += fmt.Sprintf("; carrying it out took the meshes %.1f s (at most %s)", taken.Seconds(), edgesLimit)
	}
	return c
}

// edgesLimit is how long it may take to put a fault on edges, or to take it off, which takes milliseconds: longer than that nobody could be
// reached who does it, and what was measured meanwhile is not what the plan says.
const edgesLimit = 2 * time.Second

// onEdgesAlone tells that nothing of it is done to instances. The lock is held.
func (i *injection) onEdgesAlone() bool {
	return len(i.fault.Primitives) > 0 && !slices.ContainsFunc(i.fault.Primitives, func(p faults.Primitive) bool { return p.Edge == "" })
}

// between is the time from one to the other; 0: one of them has not come.
func between(from, to *time.Duration) time.Duration {
	if from == nil || to == nil {
		return 0
	}
	return *to - *from
}

// spreadLimit is how far apart meshes may put a fault on, or take it off, as a share of the time that it lasts: what is measured under it
// is of a system of which a part has it and a part has not for as long.
const spreadLimit = 0.05

// spreadCheck tells whether the meshes that carried a fault out together came close enough; nil: one alone did.
func (i *injection) spreadCheck(way *course.Way) *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	lasts := way.At(i.fault.End) - way.At(i.fault.Start)
	s := i.receipt.Spread
	share, known := s.Share(lasts)
	if !known {
		return nil
	}
	apart := func(a *faults.Apart) string {
		if a == nil {
			return "not told"
		}
		return fmt.Sprintf("%.1f ms (± %.1f ms) apart", record.Milliseconds(a.By), record.Milliseconds(a.Uncertain))
	}
	most := min(time.Duration(spreadLimit*float64(lasts)), latenessLimit)
	return &record.Check{
		Name: "spread of " + title(i.fault),
		OK:   share <= spreadLimit && max(s.On.Most(), s.Off.Most()) <= latenessLimit,
		Text: fmt.Sprintf("on %d meshes, on %s, off %s (at most %s)", s.Meshes, apart(s.On), apart(s.Off), most),
	}
}

// spreadOf is the record's spread.
func spreadOf(s *faults.Spread) *record.Spread {
	if s == nil {
		return nil
	}
	out := &record.Spread{Meshes: s.Meshes}
	set := func(a *faults.Apart, by, uncertain **float64) {
		if a != nil {
			*by, *uncertain = ptr(record.Milliseconds(a.By)), ptr(record.Milliseconds(a.Uncertain))
		}
	}
	set(s.On, &out.OnMs, &out.OnUncertainMs)
	set(s.Off, &out.OffMs, &out.OffUncertainMs)
	return out
}
