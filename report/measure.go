package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// Measure is one metric of what an expectation is about, as the judge takes it, over every phase and request that it covers taken
// together: counts are summed and histograms merged, so a percentile over several requests is the percentile of all
// of them. Latencies are in seconds, shares fractions. It fails where nothing was sent, timed, called or delivered.
func Measure(r *record.Result, about scenarios.Expectation, m metric.Name) (float64, error) {
	switch facts := m.Facts(); {
	case facts.Of == metric.Edge:
		return amplification(r, about)
	case facts.Of == metric.Deliveries:
		return delivery(r, about, m)
	case facts.Latency():
		return latency(r, about, m)
	}
	sum, seconds := covered(r, about)
	if sum.Sent == 0 {
		return 0, fmt.Errorf("no such request was due in it")
	}
	if m.Facts().Unit == metric.PerSecond {
		return float64(counts[m](sum)) / seconds, nil
	}
	return float64(counts[m](sum)) / float64(sum.Sent), nil
}

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
			if about(e.Of, q.Load, q.Request) {
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

// about tells whether "of" covers a request: all (or nothing said), its own name, or its load's.
func about(of, load, request string) bool {
	return of == "" || of == "all" || of == request || of == load
}

// latencies say where each metric of latency stands in a summary.
var latencies = map[metric.Name]func(record.Latency) float64{
	metric.Mean: func(l record.Latency) float64 { return l.Mean },
	metric.P50:  func(l record.Latency) float64 { return l.P50 },
	metric.P90:  func(l record.Latency) float64 { return l.P90 },
	metric.P95:  func(l record.Latency) float64 { return l.P95 },
	metric.P99:  func(l record.Latency) float64 { return l.P99 },
	metric.P999: func(l record.Latency) float64 { return l.P999 },
	metric.Max:  func(l record.Latency) float64 { return l.Max },
}

// latency is taken from the phase's summary where one request in one phase is meant, and from the windows' histograms
// taken together where several are.
func latency(r *record.Result, e scenarios.Expectation, m metric.Name) (float64, error) {
	var one []record.Latency
	sent := int64(0)
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			if within(e.In, p.Name) && about(e.Of, q.Load, q.Request) {
				one = append(one, q.LatencyMs)
				sent += q.Sent
			}
		}
	}
	switch {
	case sent == 0:
		return 0, fmt.Errorf("no such request was due in it")
	case len(one) == 1:
		return latencies[m](one[0]) / 1000, nil
	}
	phases := map[string]bool{}
	for _, p := range r.Phases {
		phases[p.Name] = within(e.In, p.Name)
	}
	var windows []record.Window
	for _, w := range r.Windows {
		if phases[w.Phase] && about(e.Of, w.Load, w.Request) {
			windows = append(windows, w)
		}
	}
	merged, err := record.MergeWindows(windows...)
	if err != nil {
		return 0, err
	}
	if merged.Latencies.TotalCount() == 0 {
		return 0, fmt.Errorf("no answer was timed in it")
	}
	return latencies[m](record.LatencyOf(merged.Latencies)) / 1000, nil
}

// amplification is the greatest of the edges between two nodes, "a -> b", in one phase or over the whole run. An attempt
// counts where it began.
func amplification(r *record.Result, e scenarios.Expectation) (float64, error) {
	from, to, err := ends(e.Of)
	if err != nil {
		return 0, err
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
		return 0, fmt.Errorf("nothing crossed %s -> %s in it", from, to)
	}
	return most, nil
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
