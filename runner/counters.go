package runner

import (
	"maps"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// Add adds a later life of an instance to earlier ones. Of metrics only counters add up (see isCounter); of all
// others the later life's stands, and until there is one, the earlier life's. What neither has counted stays nil: an image
// counts nothing, which is not zero.
func (before NodeCounters) Add(last NodeCounters) NodeCounters {
	out := NodeCounters{Calls: addAll(before.Calls, last.Calls), Counters: maps.Clone(before.Counters), CPU: before.CPU + last.CPU, Unseen: before.Unseen + last.Unseen, Took: last.Took}
	out.Stays = before.Stays.Add(last.Stays)
	out.Attempts, out.Waits = addAll(before.Attempts, last.Attempts), addAll(before.Waits, last.Waits)
	if out.Counters == nil && last.Counters != nil {
		out.Counters = make(map[string]float64, len(last.Counters))
	}
	out.Exposed = last.Exposed
	if last.Types == nil {
		out.Types, out.LeftOut, out.Absent = before.Types, before.LeftOut, before.Absent
	}
	for name, v := range last.Counters {
		if out.Grows(name) {
			v += out.Counters[name]
		}
		out.Counters[name] = v
	}
	return out
}

// Grows tells a metric that only grows, as the instance says, else by its name.
func (c NodeCounters) Grows(name string) bool {
	metric, _, _ := strings.Cut(name, "{")
	switch c.Types[metric] {
	case "counter":
		return true
	case "gauge":
		return false
	}
	return isCounter(name)
}

// Harness tells a metric of ours, whoever it is about: no program's own is called so.
func Harness(metric string) bool { return strings.HasPrefix(metric, "squall_") }

// whole tells whether all that was counted between an earlier reading and this one is known; nil: since it was launched.
func (c NodeCounters) whole(first *NodeCounters) bool {
	if first == nil {
		return !c.Unread && c.Lost == 0
	}
	return !c.Unread && !first.Unread && c.Lost == first.Lost
}

// known tells whether a metric is known of a reading, and, of one that only grows, how it stood at an earlier one, nil: there is none. An image
// that is silent, or was, or had never told, is unknown, whatever else is read of it; and so is who does not answer, or ended unasked in between.
func (c NodeCounters) known(name string, first *NodeCounters) bool {
	own := !Harness(name)
	switch {
	case own && c.Silent != "", c.Unread:
		return false
	case !c.Grows(name):
		return true
	case first == nil || !c.whole(first):
		return false
	}
	return !own || c.Types == nil || first.Types != nil && c.Lapses == first.Lapses
}

// told is a reading from which differences begin: what an image did not tell then is unknown.
func (c NodeCounters) told() *NodeCounters {
	if c.Silent != "" {
		c.Types = nil
	}
	return &c
}

// Resumed is what was counted before a program began to count anew without having ended, as far as that shows: what only grows has fallen.
func (c NodeCounters) Resumed(now NodeCounters) NodeCounters {
	out := NodeCounters{Exposed: Exposed{Types: now.Types}}
	for name, v := range c.Counters {
		if is, there := now.Counters[name]; there && now.Grows(name) && is < v {
			if out.Counters == nil {
				out.Counters = map[string]float64{}
			}
			out.Counters[name] = v
		}
	}
	return out
}

// addAll adds the later lives of places to earlier ones, by name; nil: there are none.
func addAll[T interface{ Add(T) T }](before, last map[string]T) map[string]T {
	if before == nil && last == nil {
		return nil
	}
	out := make(map[string]T, max(len(before), len(last)))
	for name := range before {
		out[name] = before[name].Add(last[name])
	}
	for name, later := range last {
		if _, known := before[name]; !known {
			out[name] = later
		}
	}
	return out
}

// isCounter tells a metric that only grows, by the end of its name (Prometheus's words); a gauge is any other.
func isCounter(name string) bool {
	name, _, _ = strings.Cut(name, "{")
	return strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
}

// wholeSince tells whether what an instance has counted between two observations is known; without the first, since it was launched.
func wholeSince(start, end *Observation, instance string) bool {
	last := end.Nodes[instance]
	if start == nil {
		return last.whole(nil)
	}
	first := start.Nodes[instance]
	return last.whole(&first)
}

// deliveryOver is what a queue or a stream delivered over an edge between two observations, by its own counters; nil where
// the caller is neither, or does not tell; without a start, how it stands now.
func deliveryOver(p *topology.Plan, start, end *Observation, e topology.Edge) *record.Delivery {
	from, ok := p.Instance(e.From)
	if !ok || end == nil || end.Nodes[e.From].Unread || start != nil && !wholeSince(start, end, e.From) {
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
