package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// arrow stands between what was measured without the pattern and with it.
const arrow = " → "

// retried is the amplification that is worth a word.
const retried = 1.05

// felt is the recovery, in seconds, that is worth a word: seconds are its resolution.
const felt = 1

// bought is what one engine says of a pattern: its figures without and with, one a line, those that decide in bold and
// first, the others together.
func bought(without, with *figures, decides scenarios.Expectation) []string {
	var bold, plain []string
	add := func(decided bool, name, x, y string) {
		switch {
		case x == y && !decided:
			plain = append(plain, name+" "+y)
		case decided:
			bold = append(bold, "**"+name+" "+x+arrow+y+"**")
		default:
			plain = append(plain, name+" "+x+arrow+y)
		}
	}
	bounds := map[metric.Name]bool{} // those that do not hold without
	for _, b := range decides.Bounds {
		v, ok := without.value(b.Metric)
		bounds[b.Metric] = ok && !b.Keeps(v)
	}
	add(bounds[metric.Success], "availability", share(without.Availability), share(with.Availability))
	for _, b := range decides.Bounds {
		x, isX := without.Decided[b.Metric]
		y, isY := with.Decided[b.Metric]
		if isX && isY && bounds[b.Metric] && b.Metric != metric.Amplification {
			add(true, b.Metric.Facts().Label, report.Spell(b.Metric, x), report.Spell(b.Metric, y))
		}
	}
	add(bounds[metric.P99], "p99", milliseconds(without.P99Ms), milliseconds(with.P99Ms))
	edge := decides.Of
	if !bounds[metric.Amplification] {
		edge = worst(retried, without.Amplification, with.Amplification)
	}
	if edge != "" {
		add(bounds[metric.Amplification], "amplification of "+strings.ReplaceAll(edge, "->", "to"), without.amplified(edge, decides), with.amplified(edge, decides))
	}
	if without.Recovery.slow() || with.Recovery.slow() {
		add(decides.After != "", "recovery", without.Recovery.String(), with.Recovery.String())
	}
	for _, data := range []struct {
		name string
		x, y *int64
	}{
		{"writes lost", without.Lost, with.Lost}, {"writes duplicated", without.Duplicated, with.Duplicated},
		{"events lost", without.EventsLost, with.EventsLost}, {"events duplicated", without.EventsDuplicated, with.EventsDuplicated},
	} {
		if data.x != nil && data.y != nil {
			add(*data.x > 0, data.name, fmt.Sprint(*data.x), fmt.Sprint(*data.y))
		}
	}
	if len(plain) > 0 {
		bold = append(bold, strings.Join(plain, ", "))
	}
	return bold
}

// value is a figure by its metric, in the metric's unit.
func (f *figures) value(m metric.Name) (float64, bool) {
	switch {
	case m == metric.Success && f.Availability != nil:
		return *f.Availability, true
	case m == metric.P99 && f.P99Ms != nil:
		return *f.P99Ms / 1000, true
	}
	v, ok := f.Decided[m]
	return v, ok
}

// amplified spells an edge's amplification: as the judge took it, where the expectation is about that edge.
func (f *figures) amplified(edge string, decides scenarios.Expectation) string {
	v, ok := f.Decided[metric.Amplification]
	if !ok || edge != decides.Of {
		v, ok = f.Amplification[edge]
	}
	if !ok {
		return "–"
	}
	return report.Spell(metric.Amplification, v)
}

// worst is the edge of the greatest amplification in any of the runs, "" where none is above least.
func worst(least float64, runs ...map[string]float64) string {
	edge, most := "", least
	for _, run := range runs {
		for _, name := range slices.Sorted(maps.Keys(run)) {
			if run[name] > most {
				edge, most = name, run[name]
			}
		}
	}
	return edge
}

func (r *recovery) slow() bool { return r != nil && (r.AfterS > felt || r.NotWithinS > 0) }

func (r *recovery) String() string {
	switch {
	case r == nil:
		return "untold"
	case r.NotWithinS > 0:
		return "not within " + report.Seconds(r.NotWithinS)
	case r.AfterS <= felt:
		return "at once"
	}
	return "in " + report.Seconds(r.AfterS)
}

func share(v *float64) string {
	if v == nil {
		return "none sent"
	}
	return report.Spell(metric.Success, *v)
}

func milliseconds(ms *float64) string {
	if ms == nil {
		return "none timed"
	}
	return report.Spell(metric.P99, *ms/1000)
}
