package record

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Live is the last whole second, for whoever watches: the requests whose outcome came to be known in it. Those that it was the turn of in that second
// would be only the fast ones, and none where all take longer.
type Live struct {
	// Rate is how many they are.
	Rate float64
	// Success is (ok + degraded) / Rate; 0 if there was none.
	Success float64
	P99     time.Duration
	// Answers that P99 is of.
	Answers int64
}

// moments is how many seconds are kept for who watches: the one that goes on, the last whole one, and one for samples that come late.
const moments = 3

// moment are the requests of a kind that came to their end in a second.
type moment struct {
	second    int
	ended     [outcomes]int64
	latencies []uint32 // of answers
}

// live takes a request into the second in which it ended; cut ones fail for whoever sent them.
func (k *kind) live(s Sample, cut bool) {
	second := floorSecond(s.Done)
	if s.Unsent {
		second = floorSecond(s.Intended)
	}
	m := &k.moments[((second%moments)+moments)%moments]
	switch {
	case m.second > second && m.any():
		return // it is long over
	case m.second != second:
		*m = moment{second: second, latencies: m.latencies[:0]}
	}
	outcome := outcomeOf(s)
	if cut {
		outcome = failed
	}
	m.ended[outcome]++
	if outcome == whole || outcome == degraded {
		m.latencies = append(m.latencies, micros(s.Latency()))
	}
}

func (m *moment) any() bool { return m.ended != [outcomes]int64{} }

// lately is what ended in a second, with its answers' latencies put to those in work; nil: nothing did.
func (k *kind) lately(second int, work *buckets) *moment {
	m := &k.moments[((second%moments)+moments)%moments]
	if m.second != second || !m.any() {
		return nil
	}
	for _, v := range m.latencies {
		work.add(v)
	}
	return m
}

// Live sums up the last whole second before now, over all kinds of request.
func (r *Recorder) Live(now time.Duration) Live {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work.clear()
	var all, good int64
	for _, k := range r.kinds {
		if m := k.lately(floorSecond(now)-1, &r.work); m != nil {
			good += m.ended[whole] + m.ended[degraded]
			all += m.ended[whole] + m.ended[degraded] + m.ended[failed]
		}
	}
	if all == 0 {
		return Live{}
	}
	return Live{Rate: float64(all), Success: float64(good) / float64(all), P99: r.work.quantile(99), Answers: good}
}

// LiveRequests are the last whole second before now of each kind of request, as Live has them all.
func (r *Recorder) LiveRequests(now time.Duration) []LiveRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]LiveRequest, 0, len(r.kinds))
	for _, k := range r.kinds {
		q := LiveRequest{Load: k.load, Request: k.request}
		r.work.clear()
		if m := k.lately(floorSecond(now)-1, &r.work); m != nil {
			q.OK, q.Degraded, q.Failed = m.ended[whole], m.ended[degraded], m.ended[failed]
			q.Sent = q.OK + q.Degraded + q.Failed
		}
		q.P99 = r.work.quantile(99)
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b LiveRequest) int {
		return cmp.Or(strings.Compare(a.Load, b.Load), strings.Compare(a.Request, b.Request))
	})
	return out
}

// Follower makes the figures of a recorder that goes on, again and again, at the cost of what has changed since it last did. It holds
// the recorder up for one window or one kind of request in one phase at a time, so that samples never wait for all of it. What it returns is to be read
// only. It is for one caller at a time.
type Follower struct {
	recorder *Recorder
	windows  map[*window]followed[Window]
	cells    map[*cell]followed[Request]
}

// followed are figures of so many requests.
type followed[T any] struct {
	requests int64
	figures  T
}

// NewFollower follows a recorder.
func NewFollower(r *Recorder) *Follower {
	return &Follower{recorder: r, windows: map[*window]followed[Window]{}, cells: map[*cell]followed[Request]{}}
}

// Windows are all seconds so far, as Recorder.Windows has them.
func (f *Follower) Windows() []Window {
	f.recorder.mu.Lock()
	all := f.recorder.every()
	f.recorder.mu.Unlock()
	slices.SortFunc(all, byTime)
	out := make([]Window, len(all))
	for i, w := range all {
		f.recorder.mu.Lock()
		was, known := f.windows[w]
		if n := w.sent + w.cut; !known || was.requests != n {
			was = followed[Window]{n, f.recorder.figures(w)}
			f.windows[w] = was
		}
		f.recorder.mu.Unlock()
		out[i] = was.figures
	}
	return out
}

// Phases are the figures of the phases that have begun by now, as Recorder.Phases has them; the one that is going on ends now.
func (f *Follower) Phases(now time.Duration) []Phase {
	phases := []Phase{}
	for i, s := range f.begun(now) {
		if s.End <= s.Start {
			continue // it was left out
		}
		p := Phase{Name: s.Name, StartS: s.Start.Seconds(), EndS: min(s.End, now).Seconds(), Requests: []Request{}}
		for c, n := range f.of(i) {
			p.Requests = append(p.Requests, f.request(c, n).over(p.EndS-p.StartS))
		}
		slices.SortFunc(p.Requests, byName)
		phases = append(phases, p)
	}
	return phases
}

func (f *Follower) begun(now time.Duration) []Span {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.recorder.spans), func(s Span) bool { return s.Start >= now })
}

// of are the cells of a phase, with what they are of.
func (f *Follower) of(phase int) map[*cell]name {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	out := map[*cell]name{}
	for _, k := range f.recorder.kinds {
		if c := k.cells[phase]; c != nil {
			out[c] = k.name
		}
	}
	return out
}

func (f *Follower) request(c *cell, n name) Request {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	was, known := f.cells[c]
	if count := c.sent + c.cut; !known || was.requests != count {
		was = followed[Request]{count, c.request(n, 0)}
		f.cells[c] = was
	}
	return was.figures
}
