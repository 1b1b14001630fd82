package runner

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// mostMoments bounds how often a run's counters are read for its series: each second, or of a longer run less often.
const mostMoments = 1200

// moment is the next time of a run's series after another: a whole second, but for those at which the counters are read anyhow. Never: none
// comes, as things stand.
func moment(p *topology.Plan, way *course.Way, after time.Duration) time.Duration {
	total := way.Total()
	length := total
	if total == course.Never {
		length = after
	}
	step := time.Second
	for length/step > mostMoments {
		step += time.Second
	}
	read := func(at time.Duration) bool {
		return slices.ContainsFunc(p.Phases, func(phase topology.Span) bool { return way.At(phase.Start) == at })
	}
	for at := after - after%step + step; at < total; at += step {
		if !read(at) {
			return at
		}
	}
	return course.Never
}

// sample is sampling into a place of its own.
func (r *run) sample(ctx context.Context) {
	r.fold()
	into := new(*Observation)
	r.sampled = append(r.sampled, into)
	r.sampling(ctx, into)
}

// sampling reads all counters beside the loop, unless the reading before is still under way: an instance that does not answer
// holds up a reading, and the next one would wait for it too.
func (r *run) sampling(ctx context.Context, into **Observation) {
	if r.reading != nil {
		select {
		case <-r.reading:
		default:
			return
		}
	}
	r.beside(func() {
		if o, err := r.counters(ctx); err == nil {
			r.heard.keep(into, r.heard.texts.lean(o))
		}
	})
}

// texts are names that come again with every reading: each is held once, however often it was read. The zero value holds none.
type texts struct {
	mu   sync.Mutex
	held map[string]string
}

func (t *texts) once(name string) string {
	if one, is := t.held[name]; is {
		return one
	}
	if t.held == nil {
		t.held = map[string]string{}
	}
	t.held[name] = name
	return name
}

// lean is a reading as a series holds it, of which a long run of many nodes has many: one of its own, since whoever looks at the run holds the other,
// without spreads and stays, of which a series has none, and without counters that stand at 0, which is what is not there.
func (t *texts) lean(o *Observation) *Observation {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := *o
	out.Edges, out.Nodes = make(map[string]EdgeCounters, len(o.Edges)), make(map[string]NodeCounters, len(o.Nodes))
	for name, e := range o.Edges {
		e.Answers, e.Awaiting = "", passage.Reading{}
		out.Edges[t.once(name)] = e
	}
	for name, n := range o.Nodes {
		n.Stays, n.Attempts, n.Waits = passage.Reading{}, nil, nil
		counters, calls := make(map[string]float64, len(n.Counters)/2), make(map[string]wire.CallCounters, len(n.Calls))
		for name, v := range n.Counters {
			if v != 0 {
				counters[t.once(name)] = v
			}
		}
		for name, c := range n.Calls {
			calls[t.once(name)] = c
		}
		n.Counters, n.Calls = counters, calls
		out.Nodes[t.once(name)] = n
	}
	return &out
}

// series are all readings of the phases, in time, each as what has changed since the one before.
func (r *run) series() []record.Moment {
	var m momentsSoFar
	return m.until(r, r.heard.folded, inTime([]*Observation{r.start}, r.turned, r.samples()))
}

// samples are those of the readings of every second that were made.
func (r *run) samples() []*Observation {
	out := make([]*Observation, len(r.sampled))
	for i, s := range r.sampled {
		out[i] = *s
	}
	return out
}

// folded are readings that have become moments, and are let go: of many nodes they are most of what a run holds. It does not change. nil: there are none.
type folded struct {
	last    *Observation            // the last of them
	heard   map[string]*Observation // by instance: when it was last read
	moments []record.Moment
}

// Readings are folded when there are more than mostHeld, but for those of the last heldFor: one that is under way may come between those. Some at a
// time: of 1,000 nodes one takes ms, which the loop waits for.
const (
	mostHeld = 40
	heldFor  = 3 * observeTimeout
)

// fold folds readings, where there are many.
func (r *run) fold() {
	if len(r.sampled) <= mostHeld {
		return
	}
	r.heard.mu.Lock()
	defer r.heard.mu.Unlock()
	all := inTime([]*Observation{r.start}, r.turned, r.samples())
	if len(all) == 0 || r.start == nil {
		return
	}
	before := all[len(all)-1].At.Add(-heldFor)
	end := slices.IndexFunc(all, func(o *Observation) bool { return o.At.After(before) })
	var m momentsSoFar
	moments := m.until(r, r.heard.folded, all[:end])
	if len(m.of) == 0 {
		return
	}
	r.heard.folded = &folded{last: m.of[len(m.of)-1], heard: m.heard, moments: moments}
	r.sampled = slices.DeleteFunc(r.sampled, func(o **Observation) bool { return *o != nil && !(*o).At.After(before) })
}

// momentsSoFar are the moments of readings to which more come.
type momentsSoFar struct {
	base    *folded
	of      []*Observation // after those of base
	heard   map[string]*Observation
	moments []record.Moment
}

// until are the moments of all readings, those that are folded among them; those of readings that were there before are not worked out again.
func (m *momentsSoFar) until(r *run, base *folded, all []*Observation) []record.Moment {
	var last *Observation
	if base != nil {
		last = base.last
		all = slices.DeleteFunc(slices.Clone(all), func(o *Observation) bool { return !o.At.After(last.At) })
	}
	if base != m.base || len(all) < len(m.of) || !slices.Equal(all[:len(m.of)], m.of) || m.heard == nil { // one came between
		*m = momentsSoFar{base: base, heard: map[string]*Observation{}}
		if base != nil {
			m.heard, m.moments = maps.Clone(base.heard), slices.Clone(base.moments)
		}
	}
	for i := len(m.of); i < len(all); i++ {
		before := last
		if i > 0 {
			before = all[i-1]
		}
		m.moments = append(m.moments, m.moment(r, before, all[i]))
	}
	m.of = all
	return slices.Clip(m.moments)
}

// moment is one reading as what has changed since the one before; nil: it is the first.
func (m *momentsSoFar) moment(r *run, before, o *Observation) record.Moment {
	out := record.Moment{
		AtS:   record.Seconds(o.At.Sub(r.zero)),
		Nodes: map[string]map[string]float64{}, Edges: map[string]record.Crossing{},
	}
	if before != nil {
		for _, e := range r.o.Plan.Edges {
			if c := crossing(before, m.heard[e.From], o, e); c != (record.Crossing{}) {
				out.Edges[e.Name] = c
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Nodes)) {
		now := o.Nodes[name]
		if now.Unread {
			out.Unread = append(out.Unread, name)
			continue
		}
		if now.Silent != "" {
			out.Unread = append(out.Unread, name)
		}
		if known := m.heard[name]; known != nil && known.Nodes[name].Lost < now.Lost {
			out.Unread = append(out.Unread, name)
		}
		var last *NodeCounters // nil: what it has counted until now is of the warm-up too
		if known := m.heard[name]; known != nil {
			was := known.Nodes[name]
			last = &was
		}
		if changed := since(last, now); len(changed) > 0 {
			out.Nodes[name] = changed
		}
		m.heard[name] = o
	}
	return out
}

// inTime are readings in the order of their times, each once.
func inTime(readings ...[]*Observation) []*Observation {
	var all []*Observation
	for _, o := range slices.Concat(readings...) {
		if o != nil && !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b *Observation) int { return a.At.Compare(b.At) })
	return all
}

// since is what has changed between two readings of an instance: counters as differences, gauges as they stand. Without an
// earlier reading there are gauges alone.
func since(last *NodeCounters, now NodeCounters) map[string]float64 {
	out := map[string]float64{}
	for name, v := range now.Counters {
		if !now.known(name, last) {
			continue
		}
		if now.Grows(name) {
			v -= last.Counters[name]
		}
		if v != 0 {
			out[name] = v
		}
	}
	if last != nil && now.CPU > last.CPU {
		out[cpuSeconds] = (now.CPU - last.CPU).Seconds()
	}
	if last != nil && now.Starved > last.Starved {
		out[starvedTotal] = float64(now.Starved - last.Starved)
	}
	return out
}

// crossing is what crossed an edge between two readings; heard is the one at which its caller was last read, nil: it never was.
func crossing(before, heard, now *Observation, e topology.Edge) record.Crossing {
	seen := meshOf(now, e.Name).since(meshOf(before, e.Name))
	c := record.Crossing{Requests: seen.Requests, Connections: seen.Connections, Open: seen.Open, FirstByteMs: seen.firstByteMs()}
	if heard == nil {
		return c
	}
	if calls, counted := callsOf(heard, now, e); counted {
		c.Attempts, c.Retries, c.Failures, c.GaveUp = calls.Attempts, calls.Retries, calls.Failures, calls.GaveUp
		c.InFlight = now.Nodes[e.From].Calls[e.Callee()].InFlight
	}
	return c
}
