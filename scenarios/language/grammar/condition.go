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

// conditions reads one condition, or a list of them.
func (d *Decoder) conditions(v *source.Value, into *scenarios.Conditions, f field) {
	switch v.Kind {
	case source.List:
		for _, item := range v.Items {
			*into = append(*into, d.condition(item, f))
		}
	default:
		*into = scenarios.Conditions{d.condition(v, f)}
	}
}

// condition reads one: its own keys, and a bound for each metric that can be told while a run goes on.
func (d *Decoder) condition(v *source.Value, f field) (out scenarios.Condition) {
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Condition]())
	if v.Kind != source.Mapping {
		d.Problem(v, f.key+" needs a mapping, not "+v.What(), `write {success: "< 50%", for: 5s}`)
		return out
	}
	out.Line, out.Column, out.Text = v.At.Line, v.At.Column, expectationText(v)
	before := len(d.Problems)
	for _, e := range v.Entries {
		m, is := metric.Lookup(e.Key)
		switch {
		case is && !m.Live():
			d.ProblemAt(e.At, fmt.Sprintf("%s can't be told while a run goes on", e.Key), "use one that can: "+strings.Join(metric.LiveNames(), ", "))
		case is:
			if b, ok := d.bound(e, m); ok {
				out.Bounds = append(out.Bounds, b)
			}
		case !slices.Contains(keysOf(fields), e.Key):
			d.ProblemAt(e.At, fmt.Sprintf("unknown key %s in %s", source.QuoteShort(e.Key), f.key), everyWord(e.Key, append(keysOf(fields), metric.LiveNames()...)))
		default:
			d.keys(&source.Value{Kind: source.Mapping, Entries: []source.Entry{e}}, reflect.ValueOf(&out).Elem(), fields, f.key)
		}
	}
	if len(d.Problems) == before && len(out.Bounds) == 0 {
		d.Problem(v, f.key+" bounds nothing", `add a metric, as in success: "< 50%"`)
	}
	return out
}

// conditions is one condition, or a list of them.
func (w *schemaWriter) conditions(field, bool) schema {
	one := w.define("condition", func() schema {
		return w.bounding(w.object(fieldsOf(reflect.TypeFor[scenarios.Condition]()), false), metric.Metric.Live)
	})
	return schema{"anyOf": []any{one, schema{"type": "array", "items": one}}}
}
