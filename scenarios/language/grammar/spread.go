package grammar

import (
	"fmt"
	"reflect"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// spreadKeys are those of a shape that is written as a mapping.
type spreadKeys struct {
	// The coefficient of variation: the standard deviation by the mean.
	CV float64 `yaml:"cv" need:"yes" max:"100"`
}

// spread reads a shape by its coefficient of variation: {cv: 2}, or {lognormal: {cv: 2}}.
func (d *Decoder) spread(v *source.Value) (family string, cv *float64) {
	const fix = "write {cv: 2} or {lognormal: {cv: 2}}"
	inner, family := v, ""
	if of := v.Entry("lognormal"); of != nil && len(v.Entries) == 1 {
		inner, family = of.Value, "lognormal"
	}
	if inner.Kind != source.Mapping {
		d.Problem(inner, fmt.Sprintf("lognormal needs its cv, not %s", inner.What()), fix)
		return "", nil
	}
	for _, e := range inner.Entries {
		if e.Key != "cv" {
			d.ProblemAt(e.At, fmt.Sprintf("unknown key %s in a shape", source.QuoteShort(e.Key)), fix)
			return "", nil
		}
	}
	var keys spreadKeys
	before := len(d.Problems)
	d.structure(inner, reflect.ValueOf(&keys).Elem(), d.fieldsOf(reflect.TypeFor[spreadKeys]()))
	if len(d.Problems) > before {
		return "", nil
	}
	return family, &keys.CV
}

// workSchema is that of a work's mapping: its shape is a word, or a mapping.
func (w *schemaWriter) workSchema(patch bool) schema {
	name := "work"
	if patch {
		name = "work.patch"
	}
	return w.define(name, func() schema {
		s := w.object(fieldsOf(reflect.TypeFor[scenarios.Work]()), patch)
		w.shapeOrSpread(s["properties"].(schema))
		return s
	})
}

// shapeOrSpread lets the shape among properties be a spread too.
func (w *schemaWriter) shapeOrSpread(properties schema) {
	byCV := w.object(fieldsOf(reflect.TypeFor[spreadKeys]()), false)
	of := schema{"type": "object", "properties": schema{"lognormal": byCV}, "required": []string{"lognormal"}, "additionalProperties": false}
	shape := properties["shape"].(schema)
	doc := shape["description"]
	delete(shape, "description")
	properties["shape"] = schema{"anyOf": []any{shape, byCV, of}, "description": doc}
}

// spreads is a kind of fault whose shape may be a spread.
type spreads interface {
	Spread() (shape *string, cv **float64)
}

// spreadable is a fault's value as what may have a spread; nil: it has none.
func spreadable(kind reflect.Value) spreads {
	s, _ := kind.Addr().Interface().(spreads)
	return s
}
