// Package traces chooses the requests of a run that are kept hop by hop, and puts their hops together from what the nodes
// remember of them.
package traces

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
)

// The bounds of what is kept: of each phase and request so many slowest and as many failed ones, fewer where there are many phases and
// requests, and so many of a run.
const (
	mostOfEach = 3
	mostTraces = 200
)

// The reasons for which a request is kept, as record.Trace has them.
const (
	slowest = "slowest"
	failed  = "failed"
)

// Collector chooses among requests as they end, and takes what nodes tell of those chosen. It is safe for concurrent use.
type Collector struct {
	phases []record.Span
	seed   uint64
	each   int

	mu    sync.Mutex // guards phases too
	cells map[cell]*kept
	// unanswered and forgotten are as in record.Traces; forgotten by instance, as it was told last.
	unanswered map[string]int
	forgotten  map[string]int64
}

// cell is what requests are compared within.
type cell struct {
	phase         int
	load, request string
}

// kept are those of a cell, the best to keep first.
type kept struct{ slowest, failed []*candidate }

// New is a collector for a run of phases and so many kinds of request, over all loads.
func New(phases []record.Span, requests int, seed uint64) *Collector {
	each := mostTraces / max(2*len(phases)*requests, 1)
	return &Collector{
		phases: phases, seed: seed, each: min(max(each, 1), mostOfEach),
		cells: map[cell]*kept{}, unanswered: map[string]int{}, forgotten: map[string]int64{},
	}
}

// Move says anew when the phases are that New was given.
func (c *Collector) Move(phases []record.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases = phases
}

// Add looks at one request that has ended. What is kept depends on the requests alone, not on the order in which they end.
func (c *Collector) Add(s record.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	phase := slices.IndexFunc(c.phases, func(p record.Span) bool { return s.Intended >= p.Start && s.Intended < p.End })
	if phase < 0 || s.Unsent {
		return
	}
	at := cell{phase, s.Load, s.Request}
	k := c.cells[at]
	if k == nil {
		k = &kept{}
		c.cells[at] = k
	}
	if s.Outcome == record.Failed {
		k.failed = c.choose(k.failed, c.candidate(s), byClass)
		return
	}
	if len(k.slowest) == c.each && k.slowest[c.each-1].sample.Latency() > s.Latency() {
		return
	}
	k.slowest = c.choose(k.slowest, c.candidate(s), func(of []*candidate) {
		slices.SortFunc(of, func(a, b *candidate) int {
			return cmp.Or(cmp.Compare(b.sample.Latency(), a.sample.Latency()), cmp.Compare(a.sample.Seq, b.sample.Seq))
		})
	})
}

// choose adds one, and leaves the best by an order.
func (c *Collector) choose(of []*candidate, one *candidate, order func([]*candidate)) []*candidate {
	of = append(of, one)
	order(of)
	return slices.Clip(of[:min(len(of), c.each)])
}

// byClass has one of each class of error first, and then a second of each; among its like by a number that is drawn for
// each request: so they are neither the first ones nor the last.
func byClass(of []*candidate) {
	slices.SortFunc(of, byDraw)
	nth := map[string]int{}
	turn := map[*candidate]int{}
	for _, one := range of {
		turn[one] = nth[one.sample.Error]
		nth[one.sample.Error]++
	}
	slices.SortStableFunc(of, func(a, b *candidate) int { return cmp.Compare(turn[a], turn[b]) })
}

func byDraw(a, b *candidate) int {
	return cmp.Or(cmp.Compare(a.draw, b.draw), cmp.Compare(a.sample.Seq, b.sample.Seq))
}

// candidate is a request that is kept unless better ones come.
type candidate struct {
	sample record.Sample
	id     wire.Traceparent // Span is the user's own
	draw   uint64
	asked  int
	spans  map[spanKey]wire.Span
	// heard are the instances that have answered, late those that had forgotten some of its time when they did so first.
	heard, late map[string]bool
	open        bool // some span had no end when it was last told
}

// spanKey tells spans apart.
type spanKey struct {
	instance string
	id       uint64
	began    int64
}

func (c *Collector) candidate(s record.Sample) *candidate {
	id := s.Load + "-" + strconv.FormatUint(s.Seq, 10)
	high, low := chance.Trace(c.seed, id)
	return &candidate{
		sample: s, id: wire.Traceparent{High: high, Low: low, Span: chance.Scramble(low) | 1}, draw: chance.Scramble(low ^ high),
	}
}

// What an instance is asked again for: one span may come late (it was under way when the user left), and one that goes on may end.
const (
	leastAsks = 2
	mostAsks  = 8
)

// Wanted are the traces to ask instances for now, in order.
func (c *Collector) Wanted() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []uint64
	for _, one := range c.all() {
		if one.asked < leastAsks || one.open && one.asked < mostAsks {
			out = append(out, one.id.High)
		}
	}
	slices.Sort(out)
	return out
}

// all are the candidates of now, in no order.
func (c *Collector) all() []*candidate {
	var out []*candidate
	for _, k := range c.cells {
		out = append(append(out, k.slowest...), k.failed...)
	}
	return out
}

// Answer is what one instance told when it was asked; nil: it did not answer.
type Answer struct {
	Instance string
	Spans    *wire.Spans
}

// Heard takes the answers to one question about traces. zero is the begin of the first phase.
func (c *Collector) Heard(asked []uint64, answers []Answer, zero time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := make(map[uint64]*candidate, len(asked))
	for _, one := range c.all() {
		if _, is := slices.BinarySearch(asked, one.id.High); is {
			by[one.id.High] = one
			one.asked++
			if one.spans == nil { // most candidates are never asked for
				one.spans, one.heard, one.late = map[spanKey]wire.Span{}, map[string]bool{}, map[string]bool{}
			}
			one.open = false
		}
	}
	for _, a := range answers {
		if a.Spans == nil {
			c.unanswered[a.Instance]++
			continue
		}
		c.forgotten[a.Instance] = a.Spans.Dropped
		for _, one := range by {
			if !one.heard[a.Instance] {
				one.heard[a.Instance] = true
				one.late[a.Instance] = a.Spans.Since > zero.Add(one.sample.Intended).UnixNano()
			}
		}
		for _, s := range a.Spans.Spans {
			if one := by[s.Trace]; one != nil {
				one.spans[spanKey{a.Instance, s.ID, s.Began}] = s
				one.open = one.open || s.Ended == 0
			}
		}
	}
}
