package report

import (
	"fmt"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// delivery is a figure of what a queue or a stream delivers to a node, "a -> b". What waits is what waited at the end of the
// phase, or of the run where the expectation names none; what was fresh is of all deliveries in it.
func delivery(r *record.Result, e scenarios.Expectation, m metric.Name) (figure, error) {
	from, to, err := ends(e.Of)
	if err != nil {
		return figure{}, err
	}
	where := e.In
	if within(e.In, "") {
		where = "the run"
	}
	var sum record.Delivery
	told := map[string]bool{} // by the caller's instance: each edge of one says the same
	for _, edge := range edgesIn(r, e.In) {
		if edge.From != from || edge.To != to || edge.Delivery == nil || told[edge.FromInst] {
			continue
		}
		told[edge.FromInst] = true
		sum.Delivered += edge.Delivery.Delivered
		sum.Fresh += edge.Delivery.Fresh
		sum.Backlog += edge.Delivery.Backlog
		sum.Dead += edge.Delivery.Dead
		sum.Expired += edge.Delivery.Expired
		sum.LagS = max(sum.LagS, edge.Delivery.LagS)
	}
	switch {
	case len(told) == 0:
		return figure{}, fmt.Errorf("%s -> %s was not read at the end of %s", from, to, where)
	case sum.Delivered+sum.Backlog+sum.Dead+sum.Expired == 0:
		return figure{}, fmt.Errorf("no message came to %s -> %s in %s", from, to, where)
	case m == metric.Lag:
		return figure{value: sum.LagS}, nil
	case m == metric.Backlog:
		return figure{value: float64(sum.Backlog)}, nil
	case sum.Delivered == 0:
		return figure{}, fmt.Errorf("nothing was delivered over %s -> %s in %s", from, to, where)
	}
	return share(sum.Fresh, sum.Delivered), nil
}
