package traces

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
)

// mostSpans are kept of one trace.
const mostSpans = 100

// System is what traces are told with: how edges are called, which instances can answer, and what was on.
type System struct {
	// Zero is the begin of the first phase.
	Zero time.Time
	// Edges by their ends: a load or an instance, and an instance.
	Edges map[[2]string]string
	// Instances that know spans.
	Instances []string
	Faults    []Fault
}

// Fault is one that was on.
type Fault struct {
	Name             string
	On, Off          time.Duration // from zero
	Edges, Instances []string
}

// Traces are those that were kept, by phase, load and request, the slowest before the failed, and what is to be said of all.
func (c *Collector) Traces(of System) ([]record.Trace, *record.Traces) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := &record.Traces{Slowest: c.each, Failed: c.each, Unanswered: c.unanswered}
	for _, n := range c.forgotten {
		sum.Forgotten += n
	}
	out := []record.Trace{}
	for _, at := range c.order() {
		k := c.cells[at]
		for _, one := range slices.Concat(k.slowest, k.failed) {
			t, uncertain := one.trace(of)
			t.Phase, t.Chosen = c.phases[at.phase].Name, slowest
			if t.Outcome == record.Failed {
				t.Chosen = failed
			}
			out = append(out, t)
			sum.UncertaintyMs = max(sum.UncertaintyMs, uncertain)
		}
	}
	if len(out) > mostTraces {
		sum.Dropped = len(out) - mostTraces
		out = out[:mostTraces]
	}
	for _, t := range out {
		if len(t.Incomplete) > 0 {
			sum.Incomplete++
		}
	}
	sum.Kept = len(out)
	return out, sum
}

// order are the cells by phase, load and request.
func (c *Collector) order() []cell {
	return slices.SortedFunc(maps.Keys(c.cells), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.load, b.load), cmp.Compare(a.request, b.request))
	})
}

// trace is a candidate as it is recorded, and how far spans lie outside of where they should.
func (one *candidate) trace(of System) (record.Trace, float64) {
	s := one.sample
	t := record.Trace{
		Load: s.Load, Request: s.Request, Seq: s.Seq, ID: one.id.ID(), Outcome: s.Outcome, Error: s.Error, Status: s.Status,
		IntendedS: record.Seconds(s.Intended), SentMs: ms(int64(s.Lag())), LatencyMs: ms(int64(s.Latency())),
	}
	for _, instance := range of.Instances {
		if !one.heard[instance] || one.late[instance] {
			t.Incomplete = append(t.Incomplete, instance)
		}
	}
	b := &tree{candidate: one, of: of, zero: of.Zero.Add(s.Intended).UnixNano(), trace: &t}
	b.grow()
	t.Faults = met(&t, of.Faults, s.Intended, s.Done)
	return t, b.uncertain
}

// tree puts spans behind what led to them.
type tree struct {
	*candidate
	of        System
	zero      int64 // when the request was to be sent
	trace     *record.Trace
	uncertain float64
	children  map[int][]int // by the parent's place, -1 for the user's request
	spans     []located
}

// located is a span of an instance.
type located struct {
	instance string
	wire.Span
}

func (b *tree) grow() {
	for key, s := range b.candidate.spans {
		b.spans = append(b.spans, located{key.instance, s})
	}
	slices.SortFunc(b.spans, func(x, y located) int {
		return cmp.Or(cmp.Compare(x.Began, y.Began), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.instance, y.instance), cmp.Compare(x.ID, y.ID))
	})
	if left := len(b.spans) - mostSpans; left > 0 {
		b.trace.LeftOut = left
		b.spans = b.spans[:mostSpans]
	}
	b.children = map[int][]int{}
	known := make([]bool, len(b.spans))
	for n := range b.spans {
		parent := b.parent(n)
		known[n] = parent >= 0 || b.spans[n].Parent == b.id.Span
		b.children[parent] = append(b.children[parent], n)
	}
	b.trace.Spans = []record.TraceSpan{}
	b.put(-1, 0, known)
}

// parent is the place of the span that led to the nth one; -1: the user's request, or it is not known. Of two of one id, as when
// something was asked for twice by one cause, it is the last that had begun.
func (b *tree) parent(n int) int {
	child, found := b.spans[n], -1
	for k, one := range b.spans {
		if one.ID != child.Parent || k == n || (one.Kind == wire.SpanServer) == (child.Kind == wire.SpanServer) {
			continue
		}
		if found < 0 || one.Began <= child.Began {
			found = k
		}
	}
	return found
}

// put records the children of the span at a place, each followed by its own.
func (b *tree) put(at, id int, known []bool) {
	for _, n := range b.children[at] {
		s := b.span(n, at, id, known[n])
		b.trace.Spans = append(b.trace.Spans, s)
		b.put(n, s.ID, known)
	}
}

func (b *tree) span(n, parentAt, parent int, known bool) record.TraceSpan {
	s := b.spans[n]
	out := record.TraceSpan{
		ID: len(b.trace.Spans) + 1, Parent: parent, Kind: s.Kind, Instance: s.instance, To: s.To, What: s.What,
		StartMs: ms(s.Began - b.zero), Class: s.Class, Status: s.Status, Why: s.Why, Number: s.Number, Hedge: s.Hedge,
	}
	if s.Started != 0 {
		waited := ms(s.Started - s.Began)
		out.WaitedMs = &waited
	}
	if s.Ended != 0 {
		end := ms(s.Ended - b.zero)
		out.EndMs = &end
	}
	switch {
	case s.Kind == wire.SpanAttempt:
		out.Edge = b.of.Edges[[2]string{s.instance, s.To}]
	case parentAt < 0 && known:
		out.Edge = b.of.Edges[[2]string{b.sample.Load, s.instance}]
	}
	out.Aside = b.aside(s, parentAt, known)
	return out
}

// hearsay is how long it takes at most until a node hears that its caller has left, on one machine: what gave up by then went on
// for nobody's sake no longer.
const hearsay = time.Millisecond

// aside tells that nobody waited for all of a span. Where somebody did, and had the answer, it measures how far the span lies
// outside of that.
func (b *tree) aside(s located, parentAt int, known bool) bool {
	if !known {
		return true
	}
	began, ended, answered := b.zero, b.zero+int64(b.sample.Latency()), b.sample.Status != 0
	sibling := false
	if parentAt >= 0 {
		p := b.spans[parentAt]
		began, ended = p.Began, p.Ended
		answered = p.Class == wire.SpanOK || p.Class == wire.SpanPartial || p.Status != 0
		sibling = p.instance == s.instance
	}
	b.uncertain = max(b.uncertain, ms(began-s.Began))
	over := ended != 0 && (s.Ended == 0 || s.Ended > ended)
	if !over || s.Class == wire.SpanGaveUp && s.Ended != 0 && s.Ended-ended <= int64(hearsay) {
		return false
	}
	if !answered || sibling || s.Ended == 0 || s.Began >= ended {
		return true
	}
	b.uncertain = max(b.uncertain, ms(s.Ended-ended))
	return false
}

// met are the names of the faults that were on, between two times, where a trace has been.
func met(t *record.Trace, faults []Fault, from, until time.Duration) []string {
	var out []string
	for _, f := range faults {
		if f.On >= until || f.Off <= from || slices.Contains(out, f.Name) {
			continue
		}
		if slices.ContainsFunc(t.Spans, func(s record.TraceSpan) bool {
			return s.Edge != "" && slices.Contains(f.Edges, s.Edge) || slices.Contains(f.Instances, s.Instance) || s.To != "" && slices.Contains(f.Instances, s.To)
		}) {
			out = append(out, f.Name)
		}
	}
	return out
}

// ms is a time in ms, to the us.
func ms(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }
