package grammar

import (
	"reflect"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// The schemas of types that are spelled in another way than their struct: the rows of spellings.

func (w *schemaWriter) nodes(_ field, patch bool) schema {
	node := reflect.TypeFor[scenarios.Node]()
	return w.named(w.templated("node", fieldsOf(node), []string{"kind"}), w.structure(node, true), patch)
}

// namedOf is a mapping of names to values of a type.
func namedOf[T any](w *schemaWriter) func(field, bool) schema {
	return func(_ field, patch bool) schema {
		t := reflect.TypeFor[T]()
		return w.named(w.structure(t, false), w.structure(t, true), patch)
	}
}

func (w *schemaWriter) endpoints(_ field, patch bool) schema {
	step := w.value(reflect.TypeFor[scenarios.Step](), field{}, false)
	steps := schema{"anyOf": []any{schema{"type": "array", "items": step}, step}}
	if patch {
		steps = orNull(steps)
	}
	match := schema{"pattern": `^(` + strings.Join(methods, "|") + `) /\S*$`}
	return schema{"type": "object", "additionalProperties": steps, "propertyNames": match}
}

func (w *schemaWriter) step(field, bool) schema {
	return w.templated("step", fieldsOf(reflect.TypeFor[scenarios.Step]()), nil)
}

func (w *schemaWriter) work(f field, patch bool) schema {
	return schema{"anyOf": []any{durationSchema(f), w.workSchema(patch)}}
}

func (w *schemaWriter) tenant(_ field, patch bool) schema {
	return schema{"anyOf": []any{schema{"type": "string"}, w.structure(reflect.TypeFor[scenarios.Param](), patch)}}
}

func (w *schemaWriter) call(field, bool) schema {
	return schema{"type": "string", "pattern": `^\s*\S+\s+(` + strings.Join(methods, "|") + `)\s+/\S*\s*$`}
}

// changed is what a change gives a node.
func (w *schemaWriter) changed(field, bool) schema {
	return w.structure(reflect.TypeFor[scenarios.Node](), true)
}

func (w *schemaWriter) pair(field, bool) schema {
	return schema{"type": "array", "items": schema{"type": "string"}, "minItems": 2, "maxItems": 2}
}

func (w *schemaWriter) request(field, bool) schema {
	return w.define("request", func() schema {
		request := w.object(fieldsOf(reflect.TypeFor[scenarios.Request]()), false)
		param := w.structure(reflect.TypeFor[scenarios.Param](), false)
		request["additionalProperties"] = param
		request["oneOf"] = oneRequired(asks)
		for _, key := range []string{"headers", "form", "file", "check", "extract"} { // they may be parameters' names, too
			own := request["properties"].(schema)[key].(schema)
			doc := own["description"]
			delete(own, "description")
			request["properties"].(schema)[key] = schema{"anyOf": []any{own, param}, "description": doc}
		}
		return request
	})
}

func (w *schemaWriter) expectations(field, bool) schema {
	return w.define("expectation", func() schema { return w.expectation(reflect.TypeFor[scenarios.Expectation]()) })
}

func (w *schemaWriter) faults(field, bool) schema     { return w.define("fault", w.fault) }
func (w *schemaWriter) selections(field, bool) schema { return w.define("selection", w.selection) }
