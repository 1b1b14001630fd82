package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// judgeBounds measures each bound of an expectation once and holds it against its figure. It says of each that did not hold what
// was measured, what was expected, and which faults were on meanwhile.
func judgeBounds(out *record.Expectation, r *record.Result, e scenarios.Expectation) (because []string) {
	var measured []string
	holds, doubt := true, ""
	for _, b := range e.Bounds {
		value, err := Measure(r, e, b.Metric)
		if err != nil {
			out.Why, out.Measured = err.Error(), "unknown"
			return nil
		}
		measured = append(measured, string(b.Metric)+" "+Spell(b.Metric, value))
		lag := lagIn(r.Generator, b.Metric)
		with, without := Within(value, b), Within(max(value-lag, 0), b)
		switch {
		case with && without:
		case with != without:
			doubt = fmt.Sprintf("%s: the generator's own lag of up to %s decides it", measured[len(measured)-1], milliseconds(lag*1000))
		default:
			holds = false
			because = append(because, broken(r, e, b, value))
		}
	}
	out.Measured = strings.Join(measured, ", ")
	if holds && doubt != "" {
		out.Why = doubt
		return nil
	}
	out.Holds = &holds
	return because
}

// broken says what a bound's figure was and should have been.
func broken(r *record.Result, e scenarios.Expectation, b scenarios.Bound, value float64) string {
	of := e.Of
	if of == "" || of == "all" {
		of = "all requests"
	}
	s := fmt.Sprintf("%s of %s was %s", b.Metric, of, Spell(b.Metric, value))
	if !within(e.In, "") {
		s += " in " + e.In
	}
	s += fmt.Sprintf(", expected %s %s", b.Op, Spell(b.Metric, b.Value))
	if on := during(r, e.In); on != "" {
		s += " (while " + on + ")"
	}
	return s
}

// during lists the faults of a phase.
func during(r *record.Result, phase string) string {
	var on []string
	for _, f := range r.Faults {
		if f.Phase == phase {
			on = append(on, f.Text+" on "+f.On)
		}
	}
	return strings.Join(on, ", ")
}

// lagIn is how much of a latency may be the generator's lag, in seconds: latency counts from the
// intended time, so that what users felt lies between the measured value less the lag and the value.
func lagIn(g record.Generator, m metric.Name) float64 {
	switch facts := m.Facts(); {
	case !facts.Latency():
		return 0
	case m == metric.Max || facts.Percentile > 99:
		return g.LagMs.Max / 1000
	}
	return g.LagMs.P99 / 1000
}

// Within tells whether a value keeps a bound.
func Within(value float64, b scenarios.Bound) bool {
	switch b.Op {
	case "<":
		return value < b.Value
	case "<=":
		return value <= b.Value
	case ">":
		return value > b.Value
	case ">=":
		return value >= b.Value
	case "==":
		return value == b.Value
	}
	panic("unknown comparison " + b.Op)
}
