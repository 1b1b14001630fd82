package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Span is a phase in time; times count from the start of the first phase.
type Span struct {
	Name       string
	Start, End time.Duration
}

// Recorder takes the samples of a run and keeps what the result needs: counts and histograms per
// phase and kind of request, one-second windows, the generator's lag, and the acknowledged writes.
// Its memory grows with seconds x kinds of request (and with acknowledged writes), never with
// the number of requests. It is safe for concurrent use.
//
// A sample belongs to the phase that its intended time is in, and so do rate and goodput: all figures of a phase are of the
// requests intended in it. Those that a fault of another phase cut are counted apart, and charged to that fault (see
// Request.Cut). The warm-up (intended < 0), and anything outside every phase, is kept out of the phases; its windows carry an empty
// phase name.
type Recorder struct {
	mu     sync.Mutex
	spans  []Span
	faults []disturbance
	// interludes are what nobody planned.
	interludes []*interlude
	kinds      map[name]*kind
	open       []*window // windows with values that are not packed yet
	newest     int       // the newest second seen
	work       buckets
	lag        times
	// ledger is of requests of the phases, before of the others: the warm-up's.
	ledger, before ledger
	// accounts are of loads whose writes are read back as they say.
	accounts accounts
}

// outside is the phase index of samples in no phase.
const outside = -1

// NewRecorder makes a recorder for the given phases and faults.
func NewRecorder(phases []Span, faults ...FaultSpan) *Recorder {
	r := &Recorder{
		spans:  slices.Clone(phases),
		faults: make([]disturbance, len(faults)),
		kinds:  map[name]*kind{},
		newest: -1 << 31,
		ledger: ledger{}, before: ledger{}, accounts: accounts{},
	}
	for i, f := range faults {
		r.faults[i].FaultSpan = f
	}
	return r
}

// Add takes one sample.
func (r *Recorder) Add(s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	phase := r.spanAt(s.Intended)
	k := r.kind(name{s.Load, s.Request})
	var cut []int
	if phase != outside {
		cut = r.charged(s, r.spans[phase])
		if !s.Unsent {
			r.lag.add(s.Lag())
		}
	}
	for _, fault := range cut {
		r.faults[fault].cut++
	}
	switch {
	case phase == outside:
	case interrupted(s):
		k.cell(phase).interrupted++
	case cut != nil:
		k.cell(phase).cut++
	default:
		k.cell(phase).add(s)
	}
	if !interrupted(s) {
		k.live(s, cut != nil)
		r.addToWindow(k, windowKey{floorSecond(s.Intended), phase}, s, cut != nil)
	}
	if s.Write != nil && !s.Unsent {
		in := ""
		if phase != outside {
			in = r.spans[phase].Name
		}
		r.accounts.add(s, in)
		return
	}
	into := r.ledger
	if phase == outside {
		into = r.before
	}
	for _, w := range s.Wrote {
		into.add(w)
	}
}

func (r *Recorder) spanAt(at time.Duration) int {
	for i := range r.spans {
		if at >= r.spans[i].Start && at < r.spans[i].End {
			return i
		}
	}
	return outside
}

func (r *Recorder) kind(n name) *kind {
	k := r.kinds[n]
	if k == nil {
		k = &kind{name: n, cells: make([]*cell, len(r.spans)), windows: map[windowKey]*window{}}
		r.kinds[n] = k
	}
	return k
}

// floorSecond is the floor of a time in s, below zero too.
func floorSecond(d time.Duration) int {
	s := int(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		s--
	}
	return s
}

// Move says anew when the phases and the faults are that NewRecorder was given: as many, in the same order. What has been must not change.
func (r *Recorder) Move(phases []Span, faults []FaultSpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = slices.Clone(phases)
	for i, f := range faults {
		r.faults[i].FaultSpan = f
	}
}

// End ends the run at the given time, for one that was interrupted: phases that began later are
// gone, the one that was going on ends there, and rates are per second that really passed.
func (r *Recorder) End(at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.spans[:0]
	for _, s := range r.spans {
		if s.Start < at {
			s.End = min(s.End, at)
			kept = append(kept, s)
		}
	}
	r.spans = kept
}

// Phases are the figures of every phase that was, in order; requests are sorted by load and request.
func (r *Recorder) Phases() []Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	phases := make([]Phase, len(r.spans))
	for i, s := range r.spans {
		phases[i] = Phase{Name: s.Name, StartS: s.Start.Seconds(), EndS: s.End.Seconds(), Requests: []Request{}}
	}
	for _, k := range r.kinds {
		for i := range phases {
			if c := k.cells[i]; c != nil {
				phases[i].Requests = append(phases[i].Requests, c.request(k.name, phases[i].EndS-phases[i].StartS))
			}
		}
	}
	for _, p := range phases {
		slices.SortFunc(p.Requests, byName)
	}
	return slices.DeleteFunc(phases, func(p Phase) bool { return p.EndS <= p.StartS }) // it was left out
}

// byName is the order of requests in a phase.
func byName(a, b Request) int {
	return cmp.Or(strings.Compare(a.Load, b.Load), strings.Compare(a.Request, b.Request))
}

// Lag is how late the generator sent the requests of the phases.
func (r *Recorder) Lag() Lag {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lag.summary()
	return Lag{P50: l.P50, P99: l.P99, Max: l.Max}
}

// Balance checks the flow of every cell: ok + degraded + failed = sent, the errors add up to
// failed, and what was sent is in the histograms. A nil error means that every request has exactly one outcome.
func (r *Recorder) Balance() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.kinds {
		for i, c := range k.cells {
			if c == nil {
				continue
			}
			if err := c.balance(); err != nil {
				return fmt.Errorf("balance %q %q in phase %d: %w", k.load, k.request, i+1, err)
			}
		}
	}
	return nil
}
