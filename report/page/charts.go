package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
)

// charts are those of what users got, over the time of the run.
func charts(t *timeline, data *sheet) []chart {
	return []chart{goodput(t, data), outcomeChart(t, data), percentiles(t, data), heatMap(t)}
}

// rates are counts as rates.
func rates(t *timeline, of func(outcomes) float64) []float64 {
	out := make([]float64, t.buckets())
	for i, o := range t.all {
		out[i] = of(o) / t.long(i)
	}
	return out
}

// long is how much of the run a bucket holds, s: the last one may be cut.
func (t *timeline) long(i int) float64 { return math.Max(math.Min(t.width, t.end-t.at(i)), 1e-3) }

func goodput(t *timeline, data *sheet) chart {
	sent := rates(t, outcomes.total)
	good := rates(t, func(o outcomes) float64 { return o.ok + o.degraded })
	s := newLinearScale(most(sent), perSecond)
	none := make([]float64, len(sent))
	return chart{
		id: "goodput", title: "Goodput against load", about: "answers a second, of requests intended in it", height: 96, scale: s,
		series: []series{
			{name: "intended", look: "sent", column: data.add("intended/s", sent), unit: "/s"},
			{name: "answered", look: "good", column: data.add("goodput/s", good), unit: "/s"},
		},
		body: nodes{between(t, s, good, sent, "lost"), between(t, s, none, good, "goodarea"), line(t, s, sent, "sent"), line(t, s, good, "good")},
	}
}

func most(lists ...[]float64) (m float64) {
	for _, list := range lists {
		for _, v := range list {
			if !math.IsNaN(v) {
				m = math.Max(m, v)
			}
		}
	}
	return m
}

// outcomeChart stacks what became of each hundred requests.
func outcomeChart(t *timeline, data *sheet) chart {
	parts := []struct {
		name, look string
		of         func(outcomes) float64
	}{
		{"ok", "ok", func(o outcomes) float64 { return o.ok }},
		{"degraded", "degraded", func(o outcomes) float64 { return o.degraded }},
		{"failed", "failed", func(o outcomes) float64 { return o.failed }},
		{"cut by a fault", "cut", func(o outcomes) float64 { return o.cut }},
	}
	s := linearScale{1, share}
	c := chart{id: "outcomes", title: "Outcomes", about: "share of the requests of each second", height: 96, scale: s}
	below := make([]float64, t.buckets())
	for _, p := range parts {
		values, above := make([]float64, t.buckets()), make([]float64, t.buckets())
		any := false
		for i, o := range t.all {
			if o.total() == 0 {
				values[i], above[i] = math.NaN(), below[i]
				continue
			}
			values[i] = p.of(o) / o.total()
			above[i] = below[i] + values[i]
			any = any || values[i] > 0
		}
		if any || p.look != "cut" {
			c.series = append(c.series, series{name: p.name, look: p.look, column: data.add(p.name+" share", values), unit: "share"})
			c.body = append(c.body, area(t, s, below, above, p.look))
		}
		below = above
	}
	return c
}

func percentiles(t *timeline, data *sheet) chart {
	s := newLogScale(t.p50, t.p90, t.p99, t.most)
	c := chart{id: "latency", title: "Latency of answers", about: "from the intended time, log scale", height: 132, scale: s}
	for _, p := range []struct {
		name, look string
		values     []float64
	}{{"max", "most", t.most}, {"p99", "p99", t.p99}, {"p90", "p90", t.p90}, {"p50", "p50", t.p50}} {
		c.series = append(c.series, series{name: p.name, look: p.look, column: data.add(p.name+" ms", p.values), unit: "ms"})
		c.body = append(c.body, line(t, s, p.values, p.look))
	}
	return c
}

func heatMap(t *timeline) chart {
	s := newLogScale(t.p50, t.most, t.heat.bounds())
	return chart{id: "heat", title: "All latencies", about: "failures too; the darker, the more requests", height: 132, scale: s,
		body: t.heat.paths(t, s)}
}

// bounds are the ends of the rows that hold something, in ms.
func (h heat) bounds() []float64 {
	var all []float64
	for _, rows := range h {
		for r, n := range rows {
			if n > 0 {
				all = append(all, math.Pow(10, leastDecade+float64(r)/rowsADecade), 0.99*math.Pow(10, leastDecade+float64(r+1)/rowsADecade))
			}
		}
	}
	return all
}

// level is the shade of a loss, 0 where there is none: a loss of 1 % is to be seen.
func level(lost float64) int {
	switch {
	case lost < 0.001:
		return 0
	case lost < 0.02:
		return 1
	case lost < 0.1:
		return 2
	case lost < 0.5:
		return 3
	}
	return 4
}

// rowOf is a row of cells, one for each bucket, shaded by what was lost in it.
func rowOf(t *timeline, lost, degraded []float64) nodes {
	shades := map[string]*strings.Builder{}
	for i := range lost {
		if math.IsNaN(lost[i]) {
			continue
		}
		look := "loss-" + strconv.Itoa(level(lost[i]))
		if lost[i] < 0.001 && degraded[i] >= 0.001 {
			look = "part-" + strconv.Itoa(level(degraded[i]))
		}
		b := shades[look]
		if b == nil {
			b = &strings.Builder{}
			shades[look] = b
		}
		b.WriteString("M" + short(t.at(i)) + " 0h" + short(t.width) + "v100h-" + short(t.width) + "z")
	}
	var out nodes
	for _, look := range lossLooks {
		if b := shades[look]; b != nil {
			out = append(out, el("path", class(look), at("fill", lossColours[look]), at("d", b.String())))
		}
	}
	return out
}

var (
	lossLooks   = []string{"loss-0", "part-1", "part-2", "part-3", "part-4", "loss-1", "loss-2", "loss-3", "loss-4"}
	lossColours = map[string]string{"loss-0": "#d6e6f4", "part-1": "#fbe9c0", "part-2": "#f6d58a", "part-3": "#efbb4c", "part-4": "#e69f00",
		"loss-1": "#f6c9b5", "loss-2": "#ec9a78", "loss-3": "#dc6a44", "loss-4": "#b5301a"}
)

// mostKinds of request have a row of their own: the worst.
const mostKinds = 16

// users is who felt what and when: a row for each kind of request.
func users(t *timeline, data *sheet, several bool) []chart {
	var all []chart
	for n, k := range t.kinds {
		if n == mostKinds {
			break
		}
		lost, degraded := make([]float64, t.buckets()), make([]float64, t.buckets())
		good := make([]float64, t.buckets())
		var sum outcomes
		for i, o := range k.buckets {
			sum.ok, sum.degraded, sum.failed, sum.cut, sum.sent = sum.ok+o.ok, sum.degraded+o.degraded, sum.failed+o.failed, sum.cut+o.cut, sum.sent+o.sent
			if o.total() == 0 {
				lost[i], degraded[i], good[i] = math.NaN(), math.NaN(), math.NaN()
				continue
			}
			lost[i], degraded[i] = (o.failed+o.cut)/o.total(), max(o.degraded, o.late)/o.total()
			good[i] = 1 - lost[i]
		}
		name := k.request
		if several {
			name = k.load + ": " + k.request
		}
		c := chart{id: "users-" + strconv.Itoa(n), title: name, about: spell.Percent((sum.ok+sum.degraded)/math.Max(sum.total(), 1)) + " answered", height: 22,
			body: rowOf(t, lost, degraded)}
		if k.late > 0 {
			c.about += fmt.Sprintf(", late in %d s", k.late)
		}
		c.series = []series{{column: data.add("answered share, "+name, good), unit: "share"}}
		all = append(all, c)
	}
	return all
}
