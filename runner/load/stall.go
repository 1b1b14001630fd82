package load

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// A user of a closed load stands still where it waits for longer than stallFactor times the usual (the median of the same request's
// answers), and stallLeast beyond that. Of waits that scatter exponentially one in a thousand is so long. It is material where
// users stood still for stallMaterial of their time.
const (
	stallFactor   = 10
	stallLeast    = 100 * time.Millisecond
	stallMaterial = .01
)

// waits are how long the users of a closed load waited in the phases, by request, and how long they thought between.
type waits struct {
	mu      sync.Mutex
	of      map[string]*waited
	thought time.Duration
	thinks  int64
}

// waited is of one request: the waits of all that were sent, and of those that were answered.
type waited struct {
	all, answered *hdrhistogram.Histogram
	most          time.Duration
}

// add takes a sample of the phases.
func (w *waits) add(s record.Sample) {
	if s.Unsent || s.Intended < 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[string]*waited{}
	}
	one := w.of[s.Request]
	if one == nil {
		one = &waited{all: record.NewHistogram(), answered: record.NewHistogram()}
		w.of[s.Request] = one
	}
	wait := s.Done - s.Sent
	record.RecordDuration(one.all, wait)
	one.most = max(one.most, wait)
	if s.Outcome != record.Failed {
		record.RecordDuration(one.answered, wait)
	}
}

// think takes a time to think.
func (w *waits) think(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.thought += d
	w.thinks++
}

// stall is what the users' time came to, of so many users in so long; false: they did not stand still for a material part of it.
func (w *waits) stall(load string, users int, phases time.Duration) (record.Stall, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := record.Stall{Load: load}
	if phases <= 0 || users == 0 {
		return out, false
	}
	think := w.thought / time.Duration(max(w.thinks, 1))
	var lost, longest time.Duration
	missed := 0.0
	for _, name := range slices.Sorted(maps.Keys(w.of)) { // sums of fractions are taken in one order
		request := w.of[name]
		if request.answered.TotalCount() == 0 {
			continue // nobody knows what is usual
		}
		usual := record.Quantile(request.answered, 50)
		here := time.Duration(0)
		for top, count := range record.Bars(request.all) {
			wait := time.Duration(top) * time.Microsecond
			if wait > max(stallFactor*usual, usual+stallLeast) {
				here += time.Duration(count) * (wait - usual)
				longest = max(longest, request.most)
			}
		}
		lost += here
		missed += float64(here) / float64(max(think+usual, shortestTurn))
	}
	out.TimeShare = min(1, lost.Seconds()/(float64(users)*phases.Seconds()))
	out.NotSent, out.LongestS = int64(missed), record.Seconds(longest)
	return out, out.TimeShare >= stallMaterial
}

// stalls are those of all closed loads, in the order of their names.
func stalls(classes []*class, phases time.Duration) []record.Stall {
	var out []record.Stall
	for _, c := range classes {
		if s, stood := c.waits.stall(c.load.Name, c.load.Users, phases); stood {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b record.Stall) int { return cmp.Compare(a.Load, b.Load) })
	return out
}
