package page

import (
	"math"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// readings are the moments of a run, ready to be spread over the buckets of its timeline.
type readings struct {
	t       *timeline
	moments []record.Moment
}

// counts tells whether a metric only grows: a moment has what it grew by.
func counts(metric string) bool {
	return strings.HasSuffix(metric, "_total") || strings.HasSuffix(metric, "_count") || strings.HasSuffix(metric, "_sum")
}

// spread brings one figure of each moment into the buckets: of counts the rate a second, of gauges the highest that was read.
// A bucket that nothing was read for is NaN. known tells whether a moment has the figure at all.
func (r readings) spread(isRate bool, of func(record.Moment) (value float64, known bool)) []float64 {
	n := r.t.buckets()
	out, covered := make([]float64, n), make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	from := math.NaN() // the moment before this
	for _, m := range r.moments {
		value, known := of(m)
		if known && !math.IsNaN(from) && m.AtS > from {
			r.into(out, covered, from, m.AtS, value, isRate)
		}
		from = m.AtS
	}
	if isRate {
		for i := range out {
			out[i] /= covered[i] // NaN stays
		}
	}
	return out
}

func (r readings) into(out, covered []float64, from, to, value float64, isRate bool) {
	first := max(int(math.Floor((from-r.t.begin)/r.t.width)), 0)
	for b := first; b < len(out) && r.t.at(b) < to; b++ {
		overlap := math.Min(to, r.t.at(b)+r.t.width) - math.Max(from, r.t.at(b))
		if overlap <= 1e-6 {
			continue
		}
		if math.IsNaN(out[b]) {
			out[b] = 0
		}
		if isRate {
			out[b] += value * overlap / (to - from)
			covered[b] += overlap
		} else {
			out[b] = math.Max(out[b], value)
		}
	}
}

// counted is a metric, or the sum of several, of one instance.
func (r readings) counted(instance string, metrics ...string) []float64 {
	return r.figures(instance, counts(metrics[0]), metrics...)
}

func (r readings) figures(instance string, isRate bool, metrics ...string) []float64 {
	return r.spread(isRate, func(m record.Moment) (float64, bool) {
		for _, name := range m.Unread {
			if name == instance {
				return 0, false
			}
		}
		sum := 0.0
		for _, metric := range metrics {
			sum += m.Nodes[instance][metric]
		}
		return sum, true
	})
}

// share is what some metrics are of those and others together; unknown where there was nothing of either.
func (r readings) share(instance string, of, others []string) []float64 {
	part, rest := r.counted(instance, of...), r.counted(instance, others...)
	for i := range part {
		if part[i]+rest[i] == 0 {
			part[i] = math.NaN()
			continue
		}
		part[i] /= part[i] + rest[i]
	}
	return part
}
