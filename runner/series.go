package runner

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// mostMoments bounds how often a run's counters are read for its series: each second, or of a longer run less often.
const mostMoments = 1200

// moments are the times of a run's series: whole seconds, those left out at which the counters are read anyhow.
func moments(p *topology.Plan) []time.Duration {
	step := time.Second
	for p.Total/step > mostMoments {
		step += time.Second
	}
	read := map[time.Duration]bool{0: true, p.Total: true}
	for _, phase := range p.Phases {
		read[phase.Start] = true
	}
	var out []time.Duration
	for at := step; at < p.Total; at += step {
		if !read[at] {
			out = append(out, at)
		}
	}
	return out
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
			*into = withoutAnswers(o)
		}
	})
}

// withoutAnswers is a reading of its own, since whoever looks at the run holds the other: a series has the mean alone, and a long run
// many readings.
func withoutAnswers(o *Observation) *Observation {
	lean := *o
	lean.Edges = maps.Clone(o.Edges)
	for name, e := range lean.Edges {
		e.Answers = ""
		lean.Edges[name] = e
	}
	return &lean
}

// series are all readings of the phases, in time, each as what has changed since the one before.
func (r *run) series() []record.Moment {
	all := r.readings()
	heard := map[string]*Observation{} // by instance: when it was last read
	out := make([]record.Moment, 0, len(all))
	for i, o := range all {
		m := record.Moment{
			AtS:   record.Seconds(o.At.Sub(r.zero)),
			Nodes: map[string]map[string]float64{}, Edges: map[string]record.Crossing{},
		}
		if i > 0 {
			for _, e := range r.o.Plan.Edges {
				if c := crossing(all[i-1], heard[e.From], o, e); c != (record.Crossing{}) {
					m.Edges[e.Name] = c
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(o.Nodes)) {
			now := o.Nodes[name]
			if now.Unread {
				m.Unread = append(m.Unread, name)
				continue
			}
			var last *NodeCounters // nil: what it has counted until now is of the warm-up too
			if before := heard[name]; before != nil {
				known := before.Nodes[name]
				last = &known
			}
			if changed := since(last, now); len(changed) > 0 {
				m.Nodes[name] = changed
			}
			heard[name] = o
		}
		out = append(out, m)
	}
	return out
}

// readings are all that were made from the first phase's begin to the last one's end, in time.
func (r *run) readings() []*Observation {
	var all []*Observation
	for _, o := range slices.Concat([]*Observation{r.start}, r.turned, r.sampled) {
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
		if isCounter(name) {
			if last == nil {
				continue
			}
			v -= last.Counters[name]
		}
		if v != 0 {
			out[name] = v
		}
	}
	if last != nil && now.CPU > last.CPU {
		out[cpuSeconds] = (now.CPU - last.CPU).Seconds()
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
		c.InFlight = now.Nodes[e.From].Calls[e.To].InFlight
	}
	return c
}
