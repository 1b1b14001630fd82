package page

import (
	"math"
	"strconv"

	"github.com/squallhq/squall/runner/record"
)

// measure is something that instances are drawn by.
type measure struct {
	title, unit string
	metrics     []string
	others      []string // of a share: what it is a share of, besides
	least       float64  // below which it is not worth a chart
}

var measures = []measure{
	{title: "in flight", unit: "requests", metrics: []string{"squall_in_flight"}, least: 2},
	{title: "workers busy", unit: "workers", metrics: []string{"squall_workers_busy"}, least: 2},
	{title: "queue", unit: "requests waiting", metrics: []string{"squall_queue_depth"}},
	{title: "backlog", unit: "messages waiting", metrics: []string{"squall_backlog", "squall_outbox_backlog"}},
	{title: "turned away", unit: "shed, limited, no room", metrics: []string{"squall_shed_total", "squall_queue_full_total", "squall_queue_dropped_total",
		"squall_rate_limited_total", "squall_throttled_total", "squall_bulkhead_rejected_total", "squall_connections_refused_total"}},
	{title: "errors", unit: "answers that failed", metrics: []string{"squall_errors_total"}},
	{title: "degraded", unit: "second best answers", metrics: []string{"squall_degraded_total"}},
	{title: "breakers open", unit: "of its callees'", metrics: []string{"squall_breakers_open"}},
	{title: "cache hits", unit: "share of lookups", metrics: []string{"squall_cache_hits_total", "squall_cache_revalidating_total"},
		others: []string{"squall_cache_misses_total"}},
	{title: "ejected", unit: "callees left out", metrics: []string{"squall_ejected", "squall_unhealthy"}},
	{title: "wasted", unit: "done for callers that had left", metrics: []string{"squall_wasted_total"}},
	{title: "work", unit: "cores busy", metrics: []string{"squall_work_seconds_total", "squall_compute_seconds_total"}},
	{title: "CPU", unit: "cores", metrics: []string{"process_cpu_seconds_total"}},
	{title: "replication lag", unit: "s", metrics: []string{"squall_replication_lag_seconds"}},
}

// mostLines are drawn in one chart of a node; of more replicas the highest and the lowest are.
const mostLines = 4

// member is a node with its instances.
type member struct {
	name, kind string
	instances  []record.Node
}

// members are the nodes of a run in its order.
func members(r *record.Result) []member {
	var all []member
	index := map[string]int{}
	for _, n := range r.Nodes {
		i, known := index[n.Name]
		if !known {
			i = len(all)
			index[n.Name] = i
			all = append(all, member{name: n.Name, kind: n.Kind})
		}
		all[i].instances = append(all[i].instances, n)
	}
	return all
}

// inside are the charts of what one node's instances counted: those in which something is to be seen.
func (m member) inside(n int, r readings, data *sheet) []chart {
	var all []chart
	for _, what := range measures {
		values := make([][]float64, len(m.instances))
		for i, n := range m.instances {
			if what.others != nil {
				values[i] = r.share(n.Instance, what.metrics, what.others)
			} else {
				values[i] = r.counted(n.Instance, what.metrics...)
			}
		}
		if top := most(values...); top == 0 || top < what.least {
			continue // nothing to be seen
		}
		c := m.chart(r.t, data, what, values)
		c.id = "inside-" + strconv.Itoa(n) + "-" + strconv.Itoa(len(all))
		all = append(all, c)
	}
	return all
}

func (m member) chart(t *timeline, data *sheet, what measure, values [][]float64) chart {
	names := make([]string, len(values))
	for i, n := range m.instances {
		names[i] = n.Instance
	}
	if len(values) > mostLines {
		values = extremes(values)
		names = []string{"highest of " + strconv.Itoa(len(m.instances)), "lowest"}
	}
	unit, spoken := plain, ""
	switch {
	case what.others != nil:
		spoken = "share"
	case counts(what.metrics[0]) && what.title != "work" && what.title != "CPU":
		unit, spoken = perSecond, "/s"
	}
	s := newLinearScale(most(values...), unit)
	if what.others != nil {
		s = linearScale{1, share}
	}
	c := chart{title: what.title, about: what.unit, height: 46, scale: s}
	for i := range values {
		look := "line-" + strconv.Itoa(i)
		c.series = append(c.series, series{name: names[i], look: look, column: data.add(names[i]+" "+what.title, values[i]), unit: spoken})
		c.body = append(c.body, line(t, s, values[i], look))
	}
	return c
}

// extremes are the highest and the lowest of several at each moment.
func extremes(values [][]float64) [][]float64 {
	high, low := make([]float64, len(values[0])), make([]float64, len(values[0]))
	for b := range high {
		high[b], low[b] = math.NaN(), math.NaN()
		for _, v := range values {
			if math.IsNaN(v[b]) {
				continue
			}
			if math.IsNaN(high[b]) || v[b] > high[b] {
				high[b] = v[b]
			}
			if math.IsNaN(low[b]) || v[b] < low[b] {
				low[b] = v[b]
			}
		}
	}
	return [][]float64{high, low}
}

// crossings are the edges over which attempts failed, a row each: the part of them that failed, second by second.
func crossings(r readings, pairs []pair, data *sheet) []chart {
	var all []chart
	for n, p := range pairs {
		if p.sum.Failures == 0 || n == mostKinds {
			continue
		}
		add := func(of func(record.Crossing) int64) []float64 {
			return r.spread(true, func(m record.Moment) (float64, bool) {
				sum := 0.0
				for _, name := range p.edges {
					sum += float64(of(m.Edges[name]))
				}
				return sum, true
			})
		}
		attempts := add(func(c record.Crossing) int64 { return c.Attempts })
		if most(attempts) == 0 {
			continue // its caller counts nothing by the second: a load, an image
		}
		failures := add(func(c record.Crossing) int64 { return c.Failures })
		lost, none := make([]float64, len(failures)), make([]float64, len(failures))
		for i := range lost {
			lost[i] = failures[i] / math.Max(attempts[i], failures[i]) // what failed may have begun before
		}
		name := p.from + " → " + p.to
		c := chart{id: "edge-" + strconv.Itoa(n), title: name, about: compact(float64(p.sum.Failures)) + " attempts failed", height: 16, body: rowOf(r.t, lost, none)}
		c.series = []series{{column: data.add("failed/s, "+name, failures), unit: "/s"}}
		data.add("attempts/s, "+name, attempts)
		all = append(all, c)
	}
	return all
}
