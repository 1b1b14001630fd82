package page

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// measure is something that instances are drawn by.
type measure struct {
	title, unit string
	metrics     []string
	others      []string // of a share: what it is a share of, besides
	rate        bool     // an image tells it, as what only grows
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
	for _, c := range m.told(r, data) {
		c.id = "inside-" + strconv.Itoa(n) + "-" + strconv.Itoa(len(all))
		all = append(all, c)
	}
	return all
}

// mostTold are the charts of what an image tells itself; its other figures stand in its table.
const mostTold = 12

const asTold = "as it tells itself"

// told are the charts of what an image tells itself: the first of the series that move.
func (m member) told(r readings, data *sheet) (all []chart) {
	grows := map[string]bool{}
	for _, n := range m.instances {
		for series := range n.Counters {
			if !strings.HasPrefix(series, "squall_") && series != "cpu_seconds_total" {
				grows[series] = n.Grows(series)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(grows)) {
		if len(all) == mostTold {
			break
		}
		what := measure{title: name, unit: asTold, metrics: []string{name}, rate: grows[name]}
		values := make([][]float64, len(m.instances))
		for i, n := range m.instances {
			values[i] = r.figures(n.Instance, what.rate, name)
		}
		if moves(values) {
			all = append(all, m.chart(r.t, data, what, values))
		}
	}
	return all
}

// moves tells that something is to be seen in a chart: it does not stand at one height.
func moves(values [][]float64) bool {
	for _, v := range values {
		first := math.NaN()
		for _, one := range v {
			switch {
			case math.IsNaN(one):
			case math.IsNaN(first):
				first = one
			case one != first:
				return true
			}
		}
	}
	return false
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
	case what.rate, counts(what.metrics[0]) && what.unit != asTold && what.title != "work" && what.title != "CPU":
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

// crossings are the edges over which attempts failed or were given up, a row each: the part of them that did, second by second.
func crossings(r readings, pairs []pair, data *sheet) []chart {
	var all []chart
	for n, p := range pairs {
		if p.sum.Failures+p.sum.GaveUp == 0 || n == mostKinds {
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
		left := add(func(c record.Crossing) int64 { return c.GaveUp })
		bad, lost, none := make([]float64, len(failures)), make([]float64, len(failures)), make([]float64, len(failures))
		for i := range lost {
			bad[i] = failures[i] + left[i]
			lost[i] = bad[i] / math.Max(attempts[i], bad[i]) // what failed may have begun before
		}
		name := p.from + " → " + p.to
		c := chart{id: "edge-" + strconv.Itoa(n), title: name, about: notWell(p.sum), height: 16, body: rowOf(r.t, lost, none)}
		c.series = []series{{column: data.add("failed/s, "+name, failures), unit: "/s"}}
		if p.sum.GaveUp > 0 {
			data.add("given up/s, "+name, left)
			c.series[0].column = data.add("not answered well/s, "+name, bad)
		}
		data.add("attempts/s, "+name, attempts)
		all = append(all, c)
	}
	return all
}

// notWell says how many of an edge's attempts failed, and of how many the caller gave up.
func notWell(e record.Edge) string {
	var parts []string
	if e.Failures > 0 {
		parts = append(parts, compact(float64(e.Failures))+" attempts failed")
	}
	if e.GaveUp > 0 {
		parts = append(parts, compact(float64(e.GaveUp))+" given up")
	}
	return strings.Join(parts, ", ")
}
