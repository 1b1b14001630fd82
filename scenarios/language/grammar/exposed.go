package grammar

import (
	"fmt"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// exposed reads a port, none, or a mapping with more to say. Nil is a mistake, which has been told.
func (d *Decoder) exposed(v *source.Value, f field) *scenarios.Exposed {
	const fix = "write metrics: 9090, metrics: {port: 9090, path: /metrics, keep: [NAME, ...]} or none"
	out := &scenarios.Exposed{}
	switch {
	case v.Kind == source.Mapping:
		if !d.structure(v, reflect.ValueOf(out).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Exposed]())) {
			return nil
		}
		if at := v.Get("path"); at != nil && !strings.HasPrefix(out.Path, "/") {
			d.Problem(at, fmt.Sprintf("%s is no path", source.QuoteShort(out.Path)), "begin it with /")
		}
		if keep := v.Get("keep"); keep != nil && keep.Kind == source.List {
			d.kept(keep)
		}
		return out
	case v.Kind == source.Scalar && v.Text == scenarios.MetricsNone:
		out.Off = true
		return out
	case v.Kind != source.Scalar || v.IsNull():
		d.Problem(v, f.key+" needs a port or a mapping, not "+v.What(), fix)
		return nil
	}
	port, err := strconv.Atoi(v.Text)
	if err != nil || port < 1 || port > 65535 {
		d.Problem(v, fmt.Sprintf("%s is no port", source.QuoteShort(v.Text)), fix)
		return nil
	}
	out.Port = port
	return out
}

// kept checks what metrics are chosen by: a name, without labels.
func (d *Decoder) kept(keep *source.Value) {
	if len(keep.Items) == 0 {
		d.Problem(keep, "keep is empty", "add a metric, or leave it out; metrics: none has none read")
	}
	for _, item := range keep.Items {
		if item.Kind != source.Scalar {
			continue // it has had its problem
		}
		if _, err := path.Match(item.Text, ""); err != nil || strings.ContainsAny(item.Text, "{}[]? ") || item.Text == "" {
			d.Problem(item, fmt.Sprintf("%s is no name of a metric", source.QuoteShort(item.Text)), "write it without labels, as in http_requests_total or http_*")
		}
	}
}

func (w *schemaWriter) exposed(field, bool) schema {
	port := schema{"type": "integer", "minimum": 1, "maximum": 65535}
	return schema{"anyOf": []any{port, schema{"type": "string", "pattern": `^(none|[0-9]+)$|\$\{`}, w.structure(reflect.TypeFor[scenarios.Exposed](), false)}}
}
