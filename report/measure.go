package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// measure reads one metric of what an expectation is about, over every phase and request that it
// covers taken together: counts are summed and histograms merged, so a percentile over several
// requests is the percentile of all of them. Latencies come back in seconds, shares as fractions.
func measure(r *record.Result, e scenarios.Expectation, m scenarios.Metric) (float64, error) {
	if m == scenarios.MetricAmplification {
		return amplification(r, e)
	}
	if m.OfDelivery() {
		return delivery(r, e, m)
	}
	cover, seconds := covered(r, e)
	var sum record.Request
	for _, q := range cover {
		sum.Sent += q.Sent
		sum.OK += q.OK
		sum.Degraded += q.Degraded
		sum.Failed += q.Failed
		sum.Unsent += q.Unsent
		sum.StaleReads += q.StaleReads
	}
	if sum.Sent == 0 {
		return 0, fmt.Errorf("no such request was due in it")
	}
	sent := float64(sum.Sent)
	switch m {
	case scenarios.MetricSuccess:
		return float64(sum.OK+sum.Degraded) / sent, nil
	case scenarios.MetricOK:
		return float64(sum.OK) / sent, nil
	case scenarios.MetricDegraded:
		return float64(sum.Degraded) / sent, nil
	case scenarios.MetricFailed:
		return float64(sum.Failed) / sent, nil
	case scenarios.MetricStaleReads:
		return float64(sum.StaleReads) / sent, nil
	case scenarios.MetricGoodput:
		return float64(sum.OK+sum.Degraded) / seconds, nil
	case scenarios.MetricRate:
		return sent / seconds, nil
	}
	if len(cover) == 1 {
		return latency(cover[0].LatencyMs, m) / 1000, nil
	}
	return mergedLatency(r, e, m)
}

// covered lists the requests that an expectation is about, and the length of its phases in seconds.
func covered(r *record.Result, e scenarios.Expectation) (out []record.Request, seconds float64) {
	for _, p := range r.Phases {
		if e.In != "" && e.In != "all" && p.Name != e.In {
			continue
		}
		seconds += p.EndS - p.StartS
		for _, q := range p.Requests {
			if about(e.Of, q.Load, q.Request) {
				out = append(out, q)
			}
		}
	}
	return out, seconds
}

// about tells whether "of" covers a request: all (or nothing said), its own name, or its load's.
func about(of, load, request string) bool {
	return of == "" || of == "all" || of == request || of == load
}

func latency(l record.Latency, m scenarios.Metric) float64 {
	switch m {
	case scenarios.MetricMean:
		return l.Mean
	case scenarios.MetricP50:
		return l.P50
	case scenarios.MetricP90:
		return l.P90
	case scenarios.MetricP95:
		return l.P95
	case scenarios.MetricP99:
		return l.P99
	case scenarios.MetricP999:
		return l.P999
	case scenarios.MetricMax:
		return l.Max
	}
	panic("unknown metric " + string(m))
}

func mergedLatency(r *record.Result, e scenarios.Expectation, m scenarios.Metric) (float64, error) {
	phases := map[string]bool{}
	for _, p := range r.Phases {
		phases[p.Name] = e.In == "" || e.In == "all" || p.Name == e.In
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
	return latency(record.LatencyOf(merged.Latencies), m) / 1000, nil
}

// amplification is the greatest of the edges between two nodes, "a -> b", in one phase or over the whole run. An attempt
// counts where it began.
func amplification(r *record.Result, e scenarios.Expectation) (float64, error) {
	from, to, ok := strings.Cut(e.Of, "->")
	if !ok {
		return 0, fmt.Errorf("amplification is of an edge, as in: of: orders -> payments")
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
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
