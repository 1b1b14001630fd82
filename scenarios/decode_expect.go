package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios/metric"
)

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
		if m, is := metric.Lookup(e.key); is {
			if b, ok := d.bound(e, m); ok {
				into.Bounds = append(into.Bounds, b)
			}
			continue
		}
		known := append(keysOf(fields), metric.Names()...)
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
		if slices.Contains(metric.Names(), e.key) {
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
	bounds, after, within := has(metric.Names()...), has("after"), has("recovered_within")
	writes, about := has("writes_lost", "writes_duplicated", "events_lost", "events_duplicated"), has("in", "of", "latency_of", "confidence")
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
func (d *decoder) bound(e entry, m metric.Metric) (Bound, bool) {
	spell := [...]string{`"> 99.9%"`, `">= 100/s"`, `"< 120ms"`, `"< 2"`, `"< 2"`}[m.Unit]
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
	n, ok := parseBound(number, m.Unit)
	switch {
	case op == "" && ok:
		better := `"<= ` + number + `"`
		if m.Better == metric.More {
			better = `">= ` + number + `"`
		}
		d.problem(e.value, fmt.Sprintf("%s has no comparison", e.key), "write "+better)
	case op == "" || !ok:
		fix := "write <, <=, >, >= or == and a value, as in " + spell
		if _, bare := parseNumber(number); op != "" && bare {
			fix = fmt.Sprintf(`write "%s %s%s"`, op, shorten(number), [...]string{"%", "/s", "ms", "", ""}[m.Unit])
		}
		d.problem(e.value, fmt.Sprintf("%s can't be compared with %s", e.key, quoteShort(text)), fix)
	case n < 0 || m.Unit == metric.Share && n > 1:
		fix := "use a value that it can have, as in " + spell
		if whole, bare := parseNumber(number); bare && whole > 1 && whole <= 100 {
			fix = fmt.Sprintf(`write "%s %s%%"`, op, number)
		}
		d.problem(e.value, fmt.Sprintf("%s can't reach %s", e.key, quoteShort(number)), fix)
	default:
		return Bound{m.Name, op, n}, true
	}
	return Bound{}, false
}

func parseBound(text string, unit metric.Unit) (float64, bool) {
	switch unit {
	case metric.Share:
		return parseShare(text)
	case metric.PerSecond:
		return parseRate(text)
	case metric.Time:
		t, ok := parseDuration(text)
		return t.Seconds(), ok
	default:
		return parseNumber(text)
	}
}
