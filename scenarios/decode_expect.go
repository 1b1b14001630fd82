package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// metricClass says how a metric's bound is spelled.
type metricClass int

const (
	metricShare metricClass = iota
	metricRate
	metricLatency
	metricFactor
)

// metrics are the figures that an expectation may bound.
var metrics = []struct {
	Metric Metric
	class  metricClass
	doc    string
}{
	{MetricSuccess, metricShare, "(ok + degraded) / intended requests."},
	{MetricOK, metricShare, "Whole answers / intended requests."},
	{MetricDegraded, metricShare, "Degraded answers / intended requests."},
	{MetricFailed, metricShare, "Failed and unsent / intended requests."},
	{MetricGoodput, metricRate, "ok and degraded answers a second."},
	{MetricRate, metricRate, "Requests intended a second."},
	{MetricMean, metricLatency, "Mean latency, from the intended time."},
	{MetricP50, metricLatency, "Median latency, from the intended time."},
	{MetricP90, metricLatency, "90th percentile of latency, from the intended time."},
	{MetricP95, metricLatency, "95th percentile of latency, from the intended time."},
	{MetricP99, metricLatency, "99th percentile of latency, from the intended time."},
	{MetricP999, metricLatency, "99.9th percentile of latency, from the intended time."},
	{MetricMax, metricLatency, "Greatest latency, from the intended time."},
	{MetricStaleReads, metricShare, "Requests that a replica showed less than what their own user had written / intended requests."},
	{MetricAmplification, metricFactor, "Attempts over the edge that of names, per user request."},
	{MetricLag, metricLatency, "of: QUEUE -> NODE, how long the first message that waits has waited, at the end of the phase (or the run)."},
	{MetricBacklog, metricFactor, "of: QUEUE -> NODE, messages that wait at the end of the phase (or the run)."},
	{MetricFresh, metricShare, "of: QUEUE -> NODE, the share of deliveries in the phase (or the run) that came within the freshness that the queue or subscriber names."},
}

func metricNames() []string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = string(m.Metric)
	}
	return names
}

// expectation reads one line of expect: its own keys, and a bound for every metric.
func (d *decoder) expectation(v *value, into *Expectation) {
	fields := d.fieldsOf(reflect.TypeFor[Expectation]())
	if v.kind != mapping {
		d.problem(v, "an expectation needs a mapping, not "+v.what(), `write {in: PHASE, of: all, success: ">= 99%"}`)
		return
	}
	into.Line = v.at.line
	before := len(d.problems)
	for _, e := range v.entries {
		i := slices.IndexFunc(metrics, func(m struct {
			Metric Metric
			class  metricClass
			doc    string
		}) bool {
			return string(m.Metric) == e.key
		})
		if i >= 0 {
			if b, ok := d.bound(e, metrics[i].class); ok {
				into.Bounds = append(into.Bounds, b)
			}
			continue
		}
		known := append(keysOf(fields), metricNames()...)
		if !slices.Contains(keysOf(fields), e.key) {
			d.unknown(e, "an expectation", known)
			continue
		}
		d.keys(&value{kind: mapping, entries: []entry{e}}, reflect.ValueOf(into).Elem(), fields, "an expectation")
	}
	into.Text = expectationText(v)
	if len(d.problems) == before {
		d.expectationForm(v)
	}
}

// expectationText is the line in words: in: steady, of: all, success >= 99.9%, p99 < 120ms.
func expectationText(v *value) string {
	parts := make([]string, len(v.entries))
	for i, e := range v.entries {
		parts[i] = e.key + ": " + e.value.words()
		if slices.Contains(metricNames(), e.key) {
			parts[i] = e.key + " " + e.value.words()
		}
	}
	return strings.Join(parts, ", ")
}

// expectationForm wants exactly one of the three sorts of expectation.
func (d *decoder) expectationForm(v *value) {
	has := func(keys ...string) *entry {
		for i, e := range v.entries {
			if slices.Contains(keys, e.key) {
				return &v.entries[i]
			}
		}
		return nil
	}
	bounds, after, within := has(metricNames()...), has("after"), has("recovered_within")
	writes, about := has("writes_lost", "writes_duplicated", "events_lost", "events_duplicated"), has("in", "of")
	switch {
	case bounds != nil && (after != nil || within != nil || writes != nil):
		d.problemAt(bounds.at, fmt.Sprintf("an expectation is about %s and more", bounds.key), "make it two lines of expect")
	case writes != nil && (after != nil || within != nil):
		d.problemAt(writes.at, fmt.Sprintf("an expectation is about %s and recovery", writes.key), "make it two lines of expect")
	case after != nil && within == nil:
		d.problemAt(after.at, "an expectation has after, and no recovered_within", "add recovered_within: 5s")
	case within != nil && after == nil:
		d.problemAt(within.at, "an expectation has recovered_within, and no after", "add after: PHASE")
	case about != nil && (after != nil || writes != nil):
		d.problemAt(about.at, fmt.Sprintf("%s does not go with what this expectation is about", about.key), "leave it out")
	case bounds == nil && after == nil && writes == nil:
		d.problem(v, "an expectation expects nothing", `add a metric, as in success: ">= 99%", or after and recovered_within, or writes_lost`)
	}
}

// bound reads text such as ">= 99.9%", "< 120ms" or "< 2".
func (d *decoder) bound(e entry, class metricClass) (Bound, bool) {
	spell := [...]string{`"> 99.9%"`, `">= 100/s"`, `"< 120ms"`, `"< 2"`}[class]
	if e.value.kind != scalar || e.value.isNull() {
		d.problem(e.value, fmt.Sprintf("%s needs a bound, not %s", e.key, e.value.what()), "write "+spell)
		return Bound{}, false
	}
	text := strings.TrimSpace(e.value.text)
	op := ""
	for _, o := range []string{"<=", ">=", "==", "<", ">"} {
		if strings.HasPrefix(text, o) {
			op = o
			break
		}
	}
	number := strings.TrimSpace(text[len(op):])
	n, ok := parseBound(number, class)
	switch {
	case op == "" && ok:
		better := `"<= ` + number + `"`
		if class == metricRate || class == metricShare && e.key != "failed" && e.key != "degraded" && e.key != "stale_reads" {
			better = `">= ` + number + `"`
		}
		d.problem(e.value, fmt.Sprintf("%s has no comparison", e.key), "write "+better)
	case op == "" || !ok:
		fix := "write <, <=, >, >= or == and a value, as in " + spell
		if _, bare := parseNumber(number); op != "" && bare {
			fix = fmt.Sprintf(`write "%s %s%s"`, op, shorten(number), [...]string{"%", "/s", "ms", ""}[class])
		}
		d.problem(e.value, fmt.Sprintf("%s can't be compared with %s", e.key, quoteShort(text)), fix)
	case n < 0 || class == metricShare && n > 1:
		fix := "use a value that it can have, as in " + spell
		if m, bare := parseNumber(number); bare && m > 1 && m <= 100 {
			fix = fmt.Sprintf(`write "%s %s%%"`, op, number)
		}
		d.problem(e.value, fmt.Sprintf("%s can't reach %s", e.key, quoteShort(number)), fix)
	default:
		return Bound{Metric(e.key), op, n}, true
	}
	return Bound{}, false
}

func parseBound(text string, class metricClass) (float64, bool) {
	switch class {
	case metricShare:
		return parseShare(text)
	case metricRate:
		return parseRate(text)
	case metricLatency:
		t, ok := parseDuration(text)
		return t.Seconds(), ok
	default:
		return parseNumber(text)
	}
}
