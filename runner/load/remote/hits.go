package remote

import (
	"cmp"
	"container/heap"
	"math"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
)

// hits numbers what several members have sent as one would have: each load's from 0, without gaps and in the order of their intended times, as
// vegeta plot needs it. A number is given when every member has told of a time that is patience later, so that none can come before it any
// more; one that comes later than that all the same is out of order, as it would be with one generator that is so late.
type hits struct {
	w     *results.Writer
	zeros map[string]time.Time // by load

	mu    sync.Mutex
	told  []time.Duration // by member
	loads map[string]*numbered
}

// patience is how late a generator may be for its requests to be numbered in order.
const patience = 100 * time.Millisecond

// forever is later than anything.
const forever = time.Duration(math.MaxInt64)

// numbered is one load's.
type numbered struct {
	next    uint64
	begun   queue
	numbers map[hit]uint64
	waiting map[hit]results.Hit // they have ended, and have no number yet
	dropped map[hit]bool
}

// hit is a member's own number of what it has sent.
type hit struct {
	member int
	number uint64
}

// begun is a hit that has no number yet.
type begun struct {
	hit
	intended time.Duration
}

// queue is a heap of them, the earliest first.
type queue []begun

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].intended, q[j].intended), cmp.Compare(q[i].member, q[j].member), cmp.Compare(q[i].number, q[j].number)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(begun)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// newHits numbers for those who want vegeta's results; nil where nobody does.
func newHits(d runner.Drive, members int) *hits {
	if d.Results == nil {
		return nil
	}
	h := &hits{w: results.New(d.Results), zeros: map[string]time.Time{}, told: make([]time.Duration, members), loads: map[string]*numbered{}}
	for i, l := range d.Loads {
		h.zeros[l.Name] = order.Zero(d.Zero, i)
	}
	for i := range h.told {
		h.told[i] = math.MinInt64
	}
	return h
}

func (h *hits) of(load string) *numbered {
	n := h.loads[load]
	if n == nil {
		n = &numbered{numbers: map[hit]uint64{}, waiting: map[hit]results.Hit{}, dropped: map[hit]bool{}}
		h.loads[load] = n
	}
	return n
}

func (h *hits) sent(member int, s record.Sample, number uint64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	heap.Push(&h.of(s.Load).begun, begun{hit{member, number}, s.Intended})
}

func (h *hits) forget(member int, s record.Sample, number uint64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(s.Load).dropped[hit{member, number}] = true
}

func (h *hits) done(member int, s record.Sample, number uint64, e results.Exchange) {
	if h == nil {
		return
	}
	one := results.Hit{Load: s.Load, Intended: h.zeros[s.Load].Add(s.Intended), Latency: s.Latency(), Exchange: e, Error: s.Error}
	h.mu.Lock()
	defer h.mu.Unlock()
	n, key := h.of(s.Load), hit{member, number}
	given, is := n.numbers[key]
	if !is {
		n.waiting[key] = one
		return
	}
	delete(n.numbers, key)
	one.Number = given
	h.w.Add(one)
}

// until has the hits numbered before which none can come any more.
func (h *hits) until(member int, at time.Duration) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[member] = at
	h.number()
}

func (h *hits) number() {
	least := forever
	for _, at := range h.told {
		least = min(least, at)
	}
	for _, n := range h.loads {
		for len(n.begun) > 0 && (least == forever || n.begun[0].intended < least-patience) {
			key := heap.Pop(&n.begun).(begun).hit
			if n.dropped[key] {
				delete(n.dropped, key)
				continue
			}
			one, ended := n.waiting[key]
			one.Number = n.next
			if n.next++; !ended {
				n.numbers[key] = one.Number
				continue
			}
			delete(n.waiting, key)
			h.w.Add(one)
		}
	}
}

// close numbers what is left, when nobody tells any more.
func (h *hits) close() error {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	for i := range h.told {
		h.told[i] = forever
	}
	h.number()
	h.mu.Unlock()
	return h.w.Close()
}
