package grammar

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// build reads a folder, or a mapping with more to say.
func (d *Decoder) build(v *source.Value, f field) *scenarios.Build {
	out := &scenarios.Build{}
	at := v
	switch {
	case v.Kind == source.Scalar && v.Tag == source.TagText:
		out.Context = v.Text
	case v.Kind == source.Mapping:
		if !d.structure(v, reflect.ValueOf(out).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Build]())) || v.Get("context") == nil {
			return out
		}
		at = v.Get("context")
	default:
		d.Problem(v, fmt.Sprintf("%s needs a folder or a mapping, not %s", f.key, v.What()), "write build: ./app, or build: {context: ./app, target: dev}")
		return out
	}
	if strings.Contains(out.Context, "://") || strings.HasPrefix(out.Context, "git@") {
		d.Problem(at, fmt.Sprintf("%s is no folder", source.QuoteShort(out.Context)), "get it first, and name the folder")
		return out
	}
	out.Context = d.within(at, out.Context)
	if strings.HasPrefix(out.Dockerfile, "/") {
		d.Problem(v.Get("dockerfile"), fmt.Sprintf("%s is not in the context", source.QuoteShort(out.Dockerfile)), "write it as from there")
	}
	return out
}

func (w *schemaWriter) build(field, bool) schema {
	return schema{"anyOf": []any{textSchema, w.structure(reflect.TypeFor[scenarios.Build](), false)}}
}
