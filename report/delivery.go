package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// delivery is a figure of what a queue or a stream delivers to a node, "a -> b". What waits is what waited at the end of the
// phase, or of the run where the expectation names none; what was fresh is of all deliveries in it.
func delivery(r *record.Result, e scenarios.Expectation, m scenarios.Metric) (float64, error) {
	from, to, ok := strings.Cut(e.Of, "->")
	if !ok {
		return 0, fmt.Errorf("%s is of an edge, as in: of: events -> search", m)
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	edges, where := r.Edges, "the run"
	if e.In != "" && e.In != "all" {
		edges, where = nil, e.In
		for _, p := range r.Phases {
			if p.Name == e.In {
				edges = p.Edges
			}
		}
	}
	var sum record.Delivery
	told := map[string]bool{} // by the caller's instance: each edge of one says the same
	for _, edge := range edges {
		if edge.From != from || edge.To != to || edge.Delivery == nil || told[edge.FromInst] {
			continue
		}
		told[edge.FromInst] = true
		sum.Delivered += edge.Delivery.Delivered
		sum.Fresh += edge.Delivery.Fresh
		sum.Backlog += edge.Delivery.Backlog
		sum.LagS = max(sum.LagS, edge.Delivery.LagS)
	}
	switch {
	case len(told) == 0:
		return 0, fmt.Errorf("%s -> %s was not read at the end of %s", from, to, where)
	case m == scenarios.MetricLag:
		return sum.LagS, nil
	case m == scenarios.MetricBacklog:
		return float64(sum.Backlog), nil
	case sum.Delivered == 0:
		return 0, fmt.Errorf("nothing was delivered over %s -> %s in %s", from, to, where)
	}
	return float64(sum.Fresh) / float64(sum.Delivered), nil
}
