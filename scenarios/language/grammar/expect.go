package grammar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
	"github.com/squallhq/squall/scenarios/source"
)

// expectation reads one line of expect: its own keys, and a bound for every metric.
func (d *Decoder) expectation(v *source.Value, into *scenarios.Expectation) {
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Expectation]())
	if v.Kind != source.Mapping {
		d.Problem(v, "an expectation needs a mapping, not "+v.What(), `write {in: PHASE, of: all, success: ">= 99%"}`)
		return
	}
	into.Line, into.Column = v.At.Line, v.At.Column
	before := len(d.Problems)
	for _, e := range v.Entries {
		if m, is := metric.Lookup(e.Key); is {
			if b, ok := d.bound(e, m); ok {
				into.Bounds = append(into.Bounds, b)
			}
			continue
		}
		known := append(keysOf(fields), metric.Names()...)
		if !slices.Contains(keysOf(fields), e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("unknown key %s in an expectation", source.QuoteShort(e.Key)), everyWord(e.Key, known))
			continue
		}
		d.keys(&source.Value{Kind: source.Mapping, Entries: []source.Entry{e}}, reflect.ValueOf(into).Elem(), fields, "an expectation")
	}
	into.Text = expectationText(v)
	if len(d.Problems) == before {
		d.expectationForm(v)
	}
}

// expectationText is the line in words: in: steady, of: all, success >= 99.9%, p99 < 120ms.
func expectationText(v *source.Value) string {
	parts := make([]string, len(v.Entries))
	for i, e := range v.Entries {
		parts[i] = e.Key + ": " + e.Value.Words()
		if slices.Contains(metric.Names(), e.Key) {
			parts[i] = e.Key + " " + e.Value.Words()
		}
	}
	return strings.Join(parts, ", ")
}

// expectationForm wants exactly one of the three sorts of expectation.
func (d *Decoder) expectationForm(v *source.Value) {
	has := func(keys ...string) *source.Entry {
		for i, e := range v.Entries {
			if slices.Contains(keys, e.Key) {
				return &v.Entries[i]
			}
		}
		return nil
	}
	bounds, after, within := has(metric.Names()...), has("after"), has("recovered_within", "alerted_within")
	writes, about := has("writes_lost", "writes_duplicated", "writes_reordered", "events_lost", "events_duplicated"), has("in", "of", "latency_of", "confidence")
	switch {
	case bounds != nil && (after != nil || within != nil || writes != nil):
		d.ProblemAt(bounds.At, fmt.Sprintf("an expectation is about %s and more", bounds.Key), "make it two lines of expect")
	case writes != nil && (after != nil || within != nil):
		d.ProblemAt(writes.At, fmt.Sprintf("an expectation is about %s and recovery", writes.Key), "make it two lines of expect")
	case after != nil && within == nil:
		d.ProblemAt(after.At, "an expectation has after, and no recovered_within or alerted_within", "add recovered_within: 5s")
	case within != nil && after == nil:
		d.ProblemAt(within.At, fmt.Sprintf("an expectation has %s, and no after", within.Key), "add after: PHASE")
	case has("recovered_within") != nil && has("alerted_within") != nil:
		d.ProblemAt(within.At, "an expectation is about recovery and an alert", "make it two lines of expect")
	case has("alert") != nil && has("alerted_within") == nil:
		d.ProblemAt(has("alert").At, "an expectation has alert, and no alerted_within", "add alerted_within: 60s")
	case about != nil && (after != nil || writes != nil):
		d.ProblemAt(about.At, fmt.Sprintf("%s does not go with what this expectation is about", about.Key), "leave it out")
	case bounds == nil && after == nil && writes == nil:
		d.Problem(v, "an expectation expects nothing", `add a metric, as in success: ">= 99%", or after and recovered_within or alerted_within, or writes_lost`)
	}
}

// bound reads text such as ">= 99.9%", "< 120ms" or "< 2".
func (d *Decoder) bound(e source.Entry, m metric.Metric) (scenarios.Bound, bool) {
	spell := [...]string{`"> 99.9%"`, `">= 100/s"`, `"< 120ms"`, `"< 2"`, `"< 2"`}[m.Unit]
	if e.Value.Kind != source.Scalar || e.Value.IsNull() {
		d.Problem(e.Value, fmt.Sprintf("%s needs a bound, not %s", e.Key, e.Value.What()), "write "+spell)
		return scenarios.Bound{}, false
	}
	text := strings.TrimSpace(e.Value.Text)
	op := ""
	for _, o := range []string{"<=", ">=", "==", "<", ">"} {
		if strings.HasPrefix(text, o) {
			op = o
			break
		}
	}
	number := strings.TrimSpace(text[len(op):])
	n, ok := parseBound(number, m.Unit)
	switch {
	case op == "" && ok:
		better := `"<= ` + number + `"`
		if m.Better == metric.More {
			better = `">= ` + number + `"`
		}
		d.Problem(e.Value, fmt.Sprintf("%s has no comparison", e.Key), "write "+better)
	case op == "" || !ok:
		fix := "write <, <=, >, >= or == and a value, as in " + spell
		if _, bare := source.ParseNumber(number); op != "" && bare {
			fix = fmt.Sprintf(`write "%s %s%s"`, op, source.Shorten(number), [...]string{"%", "/s", "ms", "", ""}[m.Unit])
		}
		d.Problem(e.Value, fmt.Sprintf("%s can't be compared with %s", e.Key, source.QuoteShort(text)), fix)
	case n < 0 || m.Unit == metric.Share && n > 1:
		fix := "use a value that it can have, as in " + spell
		if whole, bare := source.ParseNumber(number); bare && whole > 1 && whole <= 100 {
			fix = fmt.Sprintf(`write "%s %s%%"`, op, number)
		}
		d.Problem(e.Value, fmt.Sprintf("%s can't reach %s", e.Key, source.QuoteShort(number)), fix)
	default:
		return scenarios.Bound{Metric: m.Name, Op: op, Value: n}, true
	}
	return scenarios.Bound{}, false
}

func parseBound(text string, unit metric.Unit) (float64, bool) {
	switch unit {
	case metric.Share:
		return source.ParseShare(text)
	case metric.PerSecond:
		return source.ParseRate(text)
	case metric.Time:
		t, ok := source.ParseDuration(text)
		return t.Seconds(), ok
	default:
		return source.ParseNumber(text)
	}
}

// everyWord is the fix for a wrong word of many: the nearest, and all there are.
func everyWord(word string, known []string) string {
	all := "its keys: " + strings.Join(known, ", ")
	if near := source.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, all)
	}
	return all
}
