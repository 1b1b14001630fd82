package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// figures are what one run came to, of the phase and the requests that the deciding expectation is about.
type figures struct {
	// Availability is a share, P99Ms that of answers from their intended time. nil where nothing was sent, or too little answered.
	Availability *float64 `json:"availability,omitempty"`
	P99Ms        *float64 `json:"p99_ms,omitempty"`
	// Amplification of each pair of nodes, "a -> b".
	Amplification map[string]float64 `json:"amplification,omitempty"`
	// Recovery is the slowest after a fault; nil where no fault ended.
	Recovery *recovery `json:"recovery,omitempty"`
	// Decided are the other figures that the expectation bounds, by metric, in the metric's unit (seconds for latencies).
	Decided map[metric.Name]float64 `json:"decided,omitempty"`
	// Phases is the availability of each phase, of all requests, for a ladder alone.
	Phases map[string]float64 `json:"phases,omitempty"`
	// Writes and events lost and duplicated, where the expectation is about them.
	Lost             *int64 `json:"lost,omitempty"`
	Duplicated       *int64 `json:"duplicated,omitempty"`
	EventsLost       *int64 `json:"events_lost,omitempty"`
	EventsDuplicated *int64 `json:"events_duplicated,omitempty"`
}

// recovery after a fault was gone.
type recovery struct {
	AfterS float64 `json:"after_s,omitempty"`
	// NotWithinS is how long was watched in vain.
	NotWithinS float64 `json:"not_within_s,omitempty"`
}

// subject is what an expectation is about: the phase, "" for all, and the requests, "" for all.
func subject(r *record.Result, e scenarios.Expectation) scenarios.Expectation {
	out := scenarios.Expectation{In: e.In, Of: e.Of}
	if strings.Contains(out.Of, "->") {
		out.Of = "" // an edge's
	}
	if e.After != "" { // the phase of the fault to recover from
		for _, f := range r.Faults {
			if f.Phase == e.After || f.Name == e.After {
				out.In = f.Phase
			}
		}
	}
	return out
}

// figuresOf takes a run's figures of what the expectation is about.
func figuresOf(r *record.Result, e scenarios.Expectation) (figures, error) {
	about := subject(r, e)
	out := figures{Amplification: amplification(r, about.In), Recovery: slowest(r, e.After), Decided: map[metric.Name]float64{}}
	out.Availability = measured(r, about, metric.Success)
	if p99 := measured(r, about, metric.P99); p99 != nil {
		*p99 = rounded(*p99 * 1000)
		out.P99Ms = p99
	}
	for _, b := range e.Bounds {
		if b.Metric == metric.Success || b.Metric == metric.P99 {
			continue // has a place of its own
		}
		v, err := report.Measure(r, e, b.Metric)
		switch {
		case err == nil:
			out.Decided[b.Metric] = rounded(v)
		case b.Metric.Facts().Unit != metric.Time: // a time may have no answers to be taken of
			return figures{}, fmt.Errorf("measure %s of %q: %w", b.Metric, e.Text, err)
		}
	}
	for _, data := range []struct {
		most *int
		n    *int64
		to   **int64
	}{
		{e.WritesLost, &r.Writes.Lost, &out.Lost}, {e.WritesDuplicated, &r.Writes.Duplicated, &out.Duplicated},
		{e.EventsLost, &r.Writes.EventsLost, &out.EventsLost}, {e.EventsDuplicated, &r.Writes.EventsDuplicated, &out.EventsDuplicated},
	} {
		if data.most != nil {
			*data.to = data.n
		}
	}
	return out, nil
}

// byPhase is the availability of each phase, of all its requests.
func byPhase(r *record.Result) map[string]float64 {
	out := map[string]float64{}
	for _, p := range r.Phases {
		if v := measured(r, scenarios.Expectation{In: p.Name}, metric.Success); v != nil {
			out[p.Name] = *v
		}
	}
	return out
}

func measured(r *record.Result, about scenarios.Expectation, m metric.Name) *float64 {
	v, err := report.Measure(r, about, m)
	if err != nil {
		return nil // nothing was sent or timed in it
	}
	v = rounded(v)
	return &v
}

// rounded keeps six decimals: what is written is read again by people.
func rounded(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// amplification by pair of nodes in a phase, "" for the whole run. Edges from loads are left out: a load does not retry.
func amplification(r *record.Result, phase string) map[string]float64 {
	nodes := map[string]bool{}
	for _, n := range r.Nodes {
		nodes[n.Name] = true
	}
	edges := r.Edges
	for _, p := range r.Phases {
		if p.Name == phase {
			edges = p.Edges
		}
	}
	out := map[string]float64{}
	for _, e := range edges {
		if nodes[e.From] && e.Attempts > 0 {
			pair := e.From + " -> " + e.To
			out[pair] = max(out[pair], math.Round(e.Amplification*1000)/1000)
		}
	}
	return out
}

// slowest is the slowest recovery after the faults of a phase or a name, "" for all of them.
func slowest(r *record.Result, after string) *recovery {
	var worst *recovery
	for _, f := range r.Faults {
		if f.UndoneS == nil || f.RecoveryUntold != "" || after != "" && f.Phase != after && f.Name != after {
			continue
		}
		this := &recovery{NotWithinS: rounded(r.DurationS - *f.UndoneS)}
		if f.RecoveredAfterS != nil {
			this = &recovery{AfterS: rounded(*f.RecoveredAfterS)}
		}
		if worst == nil || this.NotWithinS > worst.NotWithinS || worst.NotWithinS == 0 && this.AfterS > worst.AfterS {
			worst = this
		}
	}
	return worst
}
