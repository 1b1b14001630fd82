package runner

import (
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// deliveryOver is what a queue or a stream delivered over an edge between two observations, by its own counters; nil where
// the caller is neither, or does not tell.
func deliveryOver(p *topology.Plan, start, end *Observation, e topology.Edge) *record.Delivery {
	from, ok := p.Instance(e.From)
	if !ok || end == nil {
		return nil
	}
	var out *record.Delivery
	for _, s := range from.Node.Receivers(e.ToNode) {
		label := `{subscriber="` + s.Name + `"}`
		last := end.Nodes[e.From].Counters
		if _, told := last["squall_lag_messages"+label]; !told {
			continue
		}
		grown := func(name string) int64 {
			n := last[name+label]
			if start != nil {
				n -= start.Nodes[e.From].Counters[name+label]
			}
			return int64(n)
		}
		if out == nil {
			out = &record.Delivery{}
		}
		out.Delivered += grown("squall_subscriber_delivered_total")
		out.Fresh += grown("squall_subscriber_fresh_total")
		out.Dead += grown("squall_subscriber_dead_total")
		out.Expired += grown("squall_subscriber_expired_total")
		out.Backlog += int64(last["squall_lag_messages"+label])
		out.LagS = max(out.LagS, last["squall_lag_seconds"+label])
	}
	return out
}
