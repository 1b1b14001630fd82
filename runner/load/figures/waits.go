package figures

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// Waits take how long the users of a closed load waited in the phases, by request, and how long they thought between. The zero value has none yet.
type Waits struct {
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

// Add takes a sample of the phases.
func (w *Waits) Add(s record.Sample) {
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

// Think takes a time to think.
func (w *Waits) Think(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.thought += d
	w.thinks++
}

// Figures are those of a load and so many users.
func (w *Waits) Figures(load string, users int) Closed {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := Closed{Load: load, Users: users, Thought: w.thought, Thinks: w.thinks}
	for _, name := range slices.Sorted(maps.Keys(w.of)) {
		one := w.of[name]
		out.Waits = append(out.Waits, Wait{Request: name, All: Export(one.all), Answered: Export(one.answered), Most: one.most})
	}
	return out
}
