package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// reasons says in words why an expectation did not hold: what was measured, what was expected, and
// which faults were on meanwhile.
func reasons(r *record.Result, e scenarios.Expectation, judged record.Expectation) []string {
	switch {
	case e.AboutData():
		return []string{judged.Measured + ", expected " + e.Text}
	case e.After != "":
		return []string{fmt.Sprintf("after %s: %s, expected within %s", e.After, judged.Measured, e.Recovered)}
	}
	var out []string
	for _, b := range e.Bounds {
		value, err := measure(r, e, b.Metric)
		if err != nil || compare(value, b.Op, b.Value) {
			continue
		}
		s := fmt.Sprintf("%s of %s was %s", b.Metric, subject(e.Of), spell(b.Metric, value))
		if e.In != "" && e.In != "all" {
			s += " in " + e.In
		}
		s += fmt.Sprintf(", expected %s %s", b.Op, spell(b.Metric, b.Value))
		if on := during(r, e.In); on != "" {
			s += " (while " + on + ")"
		}
		out = append(out, s)
	}
	return out
}

func subject(of string) string {
	if of == "" || of == "all" {
		return "all requests"
	}
	return of
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
