package report

import (
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Measure is one metric of what an expectation is about, as the judge takes it: latencies in seconds, shares as
// fractions, requests and phases taken together. It fails where nothing was sent, timed or called.
func Measure(r *record.Result, about scenarios.Expectation, m scenarios.Metric) (float64, error) {
	return measure(r, about, m)
}

// Spell writes a metric's value as reports do: 99.98%, 8.1 ms, 2.54x.
func Spell(m scenarios.Metric, value float64) string { return spell(m, value) }

// Within tells whether a value keeps a bound.
func Within(value float64, b scenarios.Bound) bool { return compare(value, b.Op, b.Value) }

// Seconds writes a time to recover: 0.4 s, 12 s.
func Seconds(s float64) string { return seconds(s) }
