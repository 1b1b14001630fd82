package grammar

import (
	"reflect"

	"github.com/squallhq/squall/scenarios"
)

// The schemas of what stands in a container's keys.

var textSchema = schema{"type": "string"}

func (w *schemaWriter) words(field, bool) schema {
	each := schema{"type": []string{"string", "number", "boolean"}}
	return schema{"anyOf": []any{textSchema, schema{"type": "array", "items": each}}}
}

func (w *schemaWriter) environment(field, bool) schema {
	pairs := schema{"type": "array", "items": schema{"type": "string", "pattern": "^[^=]+="}}
	return schema{"anyOf": []any{schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "number", "boolean"}}}, pairs}}
}

func (w *schemaWriter) mode(field, bool) schema {
	return schema{"anyOf": []any{schema{"type": "string", "pattern": "^(0o)?[0-7]{3,4}$"}, schema{"type": "integer", "minimum": 0}}}
}

// pathsTo is a mapping of names to paths, or to mappings with more to say.
func pathsTo[T any](w *schemaWriter, names string) func(field, bool) schema {
	return func(_ field, patch bool) schema {
		values := schema{"anyOf": []any{textSchema, w.structure(reflect.TypeFor[T](), false)}}
		if patch {
			values = schema{"anyOf": []any{textSchema, w.structure(reflect.TypeFor[T](), true), schema{"type": "null"}}}
		}
		return schema{"type": "object", "propertyNames": schema{"pattern": names}, "additionalProperties": values}
	}
}

// textOr is a text, or a mapping with more to say.
func textOr[T any](w *schemaWriter, pattern string) func(field, bool) schema {
	return func(field, bool) schema {
		return schema{"anyOf": []any{schema{"type": "string", "pattern": pattern}, w.structure(reflect.TypeFor[T](), false)}}
	}
}

func (w *schemaWriter) memoryFolders(field, bool) schema {
	one := textOr[scenarios.Tmpfs](w, "^/")(field{}, false)
	return schema{"anyOf": []any{one, schema{"type": "array", "items": one}}}
}
