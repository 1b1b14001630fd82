package grammar

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
	"github.com/squallhq/squall/scenarios/source"
)

// schema is a JSON schema, or part of one.
type schema = map[string]any

// schemaWriter makes the schema from the same tags that the decoder works from. A patch schema
// (of variants and templates) needs no keys and takes null for each.
type schemaWriter struct {
	definitions schema
	spellings   map[reflect.Type]spelling
}

// GenerateSchema is the schema as squall.schema.json has it.
func GenerateSchema() ([]byte, error) {
	w := &schemaWriter{definitions: schema{}}
	w.spellings = spellings(nil, w)
	root := w.object(fieldsOf(reflect.TypeFor[scenarios.Scenario]()), false)
	properties := root["properties"].(schema)
	templates := schema{"type": "object", "propertyNames": nameSchema(), "description": "Defaults that nodes and steps take with use.", "additionalProperties": w.define("template", func() schema {
		return w.object(templateFields(), true)
	})}
	properties["templates"] = templates
	properties["variants"] = schema{"type": "object", "propertyNames": nameSchema(), "description": "Merge patches (RFC 7396) on the scenario: null removes, a list replaces.", "additionalProperties": w.define("variant", func() schema {
		fields := slices.DeleteFunc(fieldsOf(reflect.TypeFor[scenarios.Scenario]()), func(f field) bool { return f.key == "scenario" })
		patch := w.object(fields, true)
		patch["properties"].(schema)[Extends] = schema{
			"description": "The variant, or variants, that this one builds on: their patches come before its own.",
			"anyOf":       []any{nameSchema(), schema{"type": "array", "items": nameSchema()}},
		}
		patch["properties"].(schema)["expect"] = schema{
			"description": "What must hold in place of what the scenario expects; or fail, where the variant should not keep that.",
			"anyOf":       []any{patch["properties"].(schema)["expect"], schema{"const": ExpectFail}},
		}
		patch["properties"].(schema)["templates"] = orNull(schema{"type": "object", "additionalProperties": orNull(schema{"$ref": "#/definitions/template"})})
		return patch
	})}
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "Squall scenario"
	root["definitions"] = w.definitions
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(root)
	return out.Bytes(), err
}

// define puts a schema among the definitions, once, and refers to it.
func (w *schemaWriter) define(name string, make func() schema) schema {
	if _, done := w.definitions[name]; !done {
		w.definitions[name] = true // taken, as types may contain themselves
		w.definitions[name] = make()
	}
	return schema{"$ref": "#/definitions/" + name}
}

func orNull(s schema) schema { return schema{"anyOf": []any{s, schema{"type": "null"}}} }

// object is a mapping with these keys and no others.
func (w *schemaWriter) object(fields []field, patch bool) schema {
	properties := schema{}
	var required []string
	for _, f := range fields {
		property := w.value(f.typ, f, patch)
		if patch {
			property = orNull(property)
		}
		if f.doc != "" {
			if _, isRef := property["$ref"]; isRef {
				property = schema{"allOf": []any{property}}
			}
			property["description"] = f.doc
		}
		properties[f.key] = property
		if f.need && !patch {
			required = append(required, f.key)
		}
	}
	out := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		out["required"] = required
	}
	return out
}

// value is the schema of a field's type.
func (w *schemaWriter) value(t reflect.Type, f field, patch bool) schema {
	if own := w.spellings[t]; own.schema != nil {
		return own.schema(f, patch)
	}
	if t == durationType {
		return w.orFilled(durationSchema(f))
	}
	if f.unit != "" {
		return w.orFilled(unitSchema(f))
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Float64, reflect.Int, reflect.Int64, reflect.Uint64:
		return w.orFilled(w.plain(t, f, patch))
	}
	return w.plain(t, f, patch)
}

// orFilled takes a text with ${NAME} in it besides, which is filled in before anybody looks at it.
func (w *schemaWriter) orFilled(s schema) schema {
	return schema{"anyOf": []any{s, w.define("filled", func() schema {
		return schema{"type": "string", "pattern": `\$\{`, "description": "Taken from the environment: ${NAME} or ${NAME:-default}."}
	})}}
}

// plain is the schema of a type that has neither a spelling of its own nor a unit.
func (w *schemaWriter) plain(t reflect.Type, f field, patch bool) schema {
	switch t.Kind() {
	case reflect.Pointer:
		return w.value(t.Elem(), f, patch)
	case reflect.Struct:
		return w.structure(t, patch)
	case reflect.Slice:
		return schema{"type": "array", "items": w.value(t.Elem(), f, false)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "number", "boolean"}}}
	case reflect.String:
		if len(f.enum) > 0 {
			return w.orFilled(schema{"type": "string", "enum": f.enum})
		}
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float64:
		return bounded(schema{"type": "number"}, f)
	default:
		return bounded(schema{"type": "integer"}, f)
	}
}

func bounded(s schema, f field) schema {
	if f.max != "" {
		s["maximum"] = bound(f.max)
	}
	switch {
	case f.min != "":
		s["minimum"] = bound(f.min)
	case f.sign == "positive" || f.why != "":
		s["exclusiveMinimum"] = 0
	case f.sign == "":
		s["minimum"] = 0
	}
	return s
}

// structure defines a struct once for files and once for patches.
func (w *schemaWriter) structure(t reflect.Type, patch bool) schema {
	name := strings.ToLower(t.Name())
	if patch {
		name += ".patch"
	}
	return w.define(name, func() schema { return w.object(fieldsOf(t), patch) })
}

// named is a mapping of names to values.
func (w *schemaWriter) named(whole, patch schema, patched bool) schema {
	values := whole
	if patched {
		values = orNull(patch)
	}
	return schema{"type": "object", "propertyNames": nameSchema(), "additionalProperties": values}
}

func nameSchema() schema {
	return schema{"pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$", "maxLength": maxName}
}

// templated is a mapping that may take a template: then no key is needed, and null removes one.
func (w *schemaWriter) templated(name string, fields []field, required []string) schema {
	return w.define(name, func() schema {
		whole := w.define(name+".whole", func() schema {
			s := w.object(fields, false)
			if required != nil {
				s["required"] = required
			}
			var does []any
			for _, f := range fields {
				if f.does {
					does = append(does, schema{"required": []string{f.key}})
				}
			}
			if does != nil {
				s["anyOf"] = does
			}
			return s
		})
		patch := w.define(name+".patch", func() schema { return w.object(fields, true) })
		return schema{"if": schema{"required": []string{"use"}}, "then": patch, "else": whole}
	})
}

const (
	numberPattern   = `[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?`
	durationPattern = `([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`
)

func durationSchema(f field) schema {
	sign := "[+]?"
	if f.sign == "any" {
		sign = "[+-]?"
	}
	return schema{"anyOf": []any{
		schema{"type": "string", "pattern": `^\s*` + sign + `(` + durationPattern + `)+\s*$`},
		schema{"enum": []any{0, "0"}},
	}}
}

func unitSchema(f field) schema {
	text := func(pattern string) schema { return schema{"type": "string", "pattern": `^\s*` + pattern + `\s*$`} }
	switch f.unit {
	case source.UnitRate:
		return text(numberPattern + `\s*/\s*(s|sec|second|m|min|minute|h|hour)`)
	case source.UnitShare:
		number := bounded(schema{"type": "number", "maximum": 1}, f)
		return schema{"anyOf": []any{text(numberPattern + `\s*%?`), number}}
	case source.UnitSize:
		return text(numberPattern + `\s*([kKmMgGtT][iI]?)?[bB]`)
	default:
		return text(numberPattern + `\s*([kKmMgGtT]?[iI]?[bB]|[kKmMgG]?[bB][iI][tT])/s`)
	}
}

// expectation is its own keys and a bound for each metric.
func (w *schemaWriter) expectation(t reflect.Type) schema {
	return w.bounding(w.object(fieldsOf(t), false), func(metric.Metric) bool { return true })
}

// bounding adds a bound for each metric of a sort to a mapping.
func (w *schemaWriter) bounding(out schema, takes func(metric.Metric) bool) schema {
	bound := []string{
		metric.Share: numberPattern + `\s*%?`, metric.PerSecond: numberPattern + `\s*/\s*(s|sec|second|m|min|minute|h|hour)`,
		metric.Time: `((` + durationPattern + `)+|0)`, metric.Factor: numberPattern, metric.Messages: numberPattern,
	}
	for _, m := range metric.Table {
		if !takes(m) {
			continue
		}
		out["properties"].(schema)[string(m.Name)] = schema{
			"type": "string", "pattern": `^\s*(<=?|>=?|==)\s*` + bound[m.Unit] + `\s*$|\$\{`, "description": m.Doc,
		}
	}
	return out
}

// fault is one alternative for each kind.
func (w *schemaWriter) fault() schema {
	var kinds []any
	for _, row := range faults.Kinds {
		kinds = append(kinds, w.define("fault."+row.Word, func() schema { return w.faultKind(row) }))
	}
	return schema{"anyOf": kinds}
}

func (w *schemaWriter) faultKind(row faults.Entry) schema {
	common := slices.DeleteFunc(fieldsOf(reflect.TypeFor[faultKeys]()), func(f field) bool {
		return f.key == "on" && row.Selection != faults.SelectOn
	})
	var own []field
	if t := reflect.TypeOf(row.Zero); t.Kind() == reflect.Struct {
		own = fieldsOf(t)
	}
	out := w.object(append(common, own...), false)
	properties := out["properties"].(schema)
	required := []string{row.Word}
	switch row.Selection {
	case faults.SelectOn:
		required = append(required, "on")
	case faults.SelectValue:
		properties[row.Word] = schema{"allOf": []any{w.value(reflect.TypeFor[faults.Selector](), field{}, false)}, "description": row.Explain.Summary}
	case faults.SelectBetween:
		properties[row.Word] = schema{
			"type": "array", "minItems": 2, "maxItems": 2, "description": row.Explain.Summary,
			"items": w.value(reflect.TypeFor[faults.Selector](), field{}, false),
		}
	}
	if spreadable(reflect.New(reflect.TypeOf(row.Zero)).Elem()) != nil {
		w.shapeOrSpread(properties)
	}
	out["required"] = required
	out["description"] = row.Explain.Summary
	return out
}

// selection is text, a list of selections, or a mapping.
func (w *schemaWriter) selection() schema {
	name := `([a-z]([a-z0-9-]*[a-z0-9])?(:[a-z0-9-]+)?|\*)`
	text := schema{"type": "string", "pattern": `^\s*` + name + `(\s*<?->\s*` + name + `)?\s*$`}
	each := schema{"type": "array", "minItems": 1, "items": schema{"$ref": "#/definitions/selection"}}
	keys := w.object(fieldsOf(reflect.TypeFor[selectorKeys]()), false)
	keys["minProperties"] = 1
	return schema{"anyOf": []any{text, each, keys}}
}
