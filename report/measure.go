package report

import (
	"errors"
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// Measure is one metric of what an expectation is about, as the judge takes it, over every phase and request that it covers taken
// together: counts are summed and histograms merged, so a percentile over several requests is the percentile of all
// of them. Latencies are in seconds, shares fractions. It fails where nothing was sent, timed, called or delivered, and
// for a percentile of too few: what has no sample is unknown, never zero.
func Measure(r *record.Result, about scenarios.Expectation, m metric.Name) (float64, error) {
	f, err := figureOf(r, about, m)
	return f.value, err
}

// figure is a measured value. A share is hits of n.
type figure struct {
	value   float64
	hits, n int64
}

func share(hits, n int64) figure {
	return figure{value: float64(hits) / float64(n), hits: hits, n: n}
}

func figureOf(r *record.Result, about scenarios.Expectation, m metric.Name) (figure, error) {
	switch facts := m.Facts(); {
	case facts.Of == metric.Edge:
		return amplification(r, about)
	case facts.Of == metric.Deliveries:
		return delivery(r, about, m)
	case facts.Latency():
		return latency(r, about, facts)
	}
	sum, seconds := covered(r, about)
	switch {
	case sum.Sent+sum.Cut == 0:
		return figure{}, errNoneDue
	case sum.Sent == 0 && m != metric.Rate:
		return figure{}, fmt.Errorf("a fault of another phase cut all %d requests that were due in it", sum.Cut)
	case m == metric.StaleReads && sum.OK+sum.Degraded == 0:
		return figure{}, errors.New("no request was answered, so none of them read anything")
	case m.Facts().Unit == metric.PerSecond:
		return figure{value: float64(counts[m](sum)) / seconds}, nil
	}
	return share(counts[m](sum), sum.Sent), nil
}

// errNoneDue is why nothing is known of requests that the phases do not have.
var errNoneDue = errors.New("no such request was due in it")

// counts say what each metric of requests counts: for a share, of those sent.
var counts = map[metric.Name]func(record.Request) int64{
	metric.Success:    func(q record.Request) int64 { return q.OK + q.Degraded },
	metric.OK:         func(q record.Request) int64 { return q.OK },
	metric.Degraded:   func(q record.Request) int64 { return q.Degraded },
	metric.Failed:     func(q record.Request) int64 { return q.Failed },
	metric.StaleReads: func(q record.Request) int64 { return q.StaleReads },
	metric.Goodput:    func(q record.Request) int64 { return q.OK + q.Degraded },
	metric.Rate:       func(q record.Request) int64 { return q.Sent + q.Cut },
}

// covered adds up the requests that an expectation is about; seconds is the length of its phases.
func covered(r *record.Result, e scenarios.Expectation) (sum record.Request, seconds float64) {
	for _, p := range r.Phases {
		if !within(e.In, p.Name) {
			continue
		}
		seconds += p.EndS - p.StartS
		for _, q := range p.Requests {
			if record.Covers(e.Of, q.Load, q.Request) {
				sum.Sent += q.Sent
				sum.OK += q.OK
				sum.Degraded += q.Degraded
				sum.Failed += q.Failed
				sum.StaleReads += q.StaleReads
				sum.Cut += q.Cut
			}
		}
	}
	if e.In == "" || e.In == "all" { // over the whole run, what a fault cut failed like any other
		sum.Sent, sum.Failed, sum.Cut = sum.Sent+sum.Cut, sum.Failed+sum.Cut, 0
	}
	return sum, seconds
}

// within tells whether "in" covers a phase: all (or nothing said), or its name.
func within(in, phase string) bool { return in == "" || in == "all" || in == phase }

// amplification is the greatest of the edges between two nodes, "a -> b", in one phase or over the whole run. An attempt
// counts where it began.
func amplification(r *record.Result, e scenarios.Expectation) (figure, error) {
	from, to, err := ends(e.Of)
	if err != nil {
		return figure{}, err
	}
	var most float64
	var attempts int64
	for _, edge := range edgesIn(r, e.In) {
		if edge.From == from && edge.To == to {
			most = max(most, edge.Amplification)
			attempts += edge.Attempts
		}
	}
	if attempts == 0 {
		return figure{}, fmt.Errorf("nothing crossed %s -> %s in it", from, to)
	}
	return figure{value: most}, nil
}

// ends are the two nodes of an edge as an expectation names it, "a -> b".
func ends(of string) (from, to string, err error) {
	from, to, ok := strings.Cut(of, "->")
	if !ok {
		return "", "", fmt.Errorf("it is of an edge, as in: of: orders -> payments, not of %q", of)
	}
	return strings.TrimSpace(from), strings.TrimSpace(to), nil
}

// edgesIn are the edges as one phase saw them, or as the whole run did.
func edgesIn(r *record.Result, phase string) []record.Edge {
	if phase == "" || phase == "all" {
		return r.Edges
	}
	for _, p := range r.Phases {
		if p.Name == phase {
			return p.Edges
		}
	}
	return nil
}
