package grammar

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/jsonpath"
	"github.com/squallhq/squall/scenarios/source"
)

// json reads any value as JSON.
func (d *Decoder) json(v *source.Value, into *scenarios.JSON, f field) {
	var b strings.Builder
	if d.appendJSON(&b, v, f) {
		*into = scenarios.JSON(b.String())
	}
}

func (d *Decoder) appendJSON(b *strings.Builder, v *source.Value, f field) bool {
	switch v.Kind {
	case source.List:
		b.WriteByte('[')
		for i, item := range v.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			if !d.appendJSON(b, item, f) {
				return false
			}
		}
		b.WriteByte(']')
		return true
	case source.Mapping:
		b.WriteByte('{')
		for i, e := range v.Entries {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(source.Quoted(e.Key) + ":")
			if !d.appendJSON(b, e.Value, f) {
				return false
			}
		}
		b.WriteByte('}')
		return true
	}
	switch {
	case v.IsNull():
		b.WriteString("null")
	case v.Tag == source.TagBool:
		b.WriteString(strings.ToLower(v.Text))
	case v.Tag == source.TagText:
		b.WriteString(source.Quoted(v.Text))
	default:
		return d.jsonNumber(b, v, f)
	}
	return true
}

// jsonNumber writes a number as it stands where that is JSON, and as what it means where it is not.
func (d *Decoder) jsonNumber(b *strings.Builder, v *source.Value, f field) bool {
	if json.Valid([]byte(v.Text)) {
		b.WriteString(v.Text)
		return true
	}
	if n, ok := source.ParseInt(v.Text); ok {
		b.WriteString(strconv.FormatInt(n, 10))
		return true
	}
	if n, ok := source.ParseNumber(strings.ReplaceAll(v.Text, "_", "")); ok {
		text, err := json.Marshal(n)
		if err == nil {
			b.Write(text)
			return true
		}
	}
	d.Problem(v, fmt.Sprintf("%s has %s in it, which is no number of JSON", f.key, source.Shorten(v.Text)), "write it in quotes, as a text")
	return false
}

// mostContent is the longest body of a built-in node's answer.
const mostContent = 64 << 20

// content reads a size, or else a text.
func (d *Decoder) content(v *source.Value, into *scenarios.Content, f field) {
	if v.Kind == source.Scalar && v.Tag == source.TagText {
		if size, ok := source.ParseSize(v.Text); ok {
			if size < 0 || size > mostContent {
				d.Problem(v, fmt.Sprintf("%s is %s", f.key, source.Shorten(v.Text)), "use between 0B and 64MiB")
				return
			}
			if into.Size = size; size == 0 {
				d.Problem(v, f.key+" is empty", "give it a size or a text, or respond with status: 204")
			}
			return
		}
	}
	d.scalar(v, reflect.ValueOf(&into.Text).Elem(), f)
}

// factor reads how many times as much, as in 2x.
func (d *Decoder) factor(v *source.Value, into *scenarios.Factor, f field) {
	text, _ := strings.CutSuffix(v.Text, "x")
	n, ok := source.ParseNumber(text)
	if v.Kind != source.Scalar || !ok {
		d.Problem(v, fmt.Sprintf("%s needs a factor, not %s", f.key, v.What()), "write it as in 2x")
		return
	}
	if n < 0.001 || n > 10000 {
		d.Problem(v, fmt.Sprintf("%s is %s", f.key, source.Shorten(v.Text)), "use between 0.001x and 10000x")
		return
	}
	*into = scenarios.Factor(n)
}

// openAPI reads a file, or a mapping of one and the methods that are sent.
func (d *Decoder) openAPI(v *source.Value, into *scenarios.OpenAPI, f field) {
	if v.Kind == source.Scalar {
		into.File = &scenarios.Attached{}
		d.attached(v, into.File, f)
		return
	}
	d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.OpenAPI]()))
	for i, method := range into.Methods {
		if list := v.Get("methods"); !slices.Contains(methods, method) && list.Kind == source.List && i < len(list.Items) {
			d.Problem(list.Items[i], fmt.Sprintf("%s is not an HTTP method", source.QuoteShort(method)), source.DidYouMean(method, methods, "use one of"))
		}
	}
}

func (w *schemaWriter) openAPI(field, bool) schema {
	return schema{"anyOf": []any{schema{"type": "string"}, w.object(fieldsOf(reflect.TypeFor[scenarios.OpenAPI]()), false)}}
}

// AsJSON is a tree as JSON, "" where it can't be.
func AsJSON(v *source.Value) scenarios.JSON {
	d := &Decoder{Report: &source.Report{}}
	var out scenarios.JSON
	d.json(v, &out, field{})
	return out
}

func (w *schemaWriter) factor(field, bool) schema {
	return schema{"anyOf": []any{schema{"type": "string", "pattern": "^" + numberPattern + "x?$"}, schema{"type": "number", "exclusiveMinimum": 0}}}
}

// attached reads the path of a file.
func (d *Decoder) attached(v *source.Value, into *scenarios.Attached, f field) {
	d.scalar(v, reflect.ValueOf(&into.Path).Elem(), field{key: f.key})
}

// statuses reads a status or several.
func (d *Decoder) statuses(v *source.Value, into *scenarios.Statuses, f field) {
	items := []*source.Value{v}
	if v.Kind == source.List {
		items = v.Items
		if len(items) == 0 {
			d.Problem(v, f.key+" is empty", "write status: 200, or status: [200, 201]")
		}
	}
	for _, item := range items {
		var n int
		d.scalar(item, reflect.ValueOf(&n).Elem(), field{key: f.key, min: "200", max: "599"})
		if n != 0 {
			*into = append(*into, n)
		}
	}
}

// byPath reads the values that must stand at paths.
func (d *Decoder) byPath(v *source.Value, into *map[string]scenarios.JSON, f field) {
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping, not %s", f.key, v.What()), "write json: {$.id: 5}")
		return
	}
	*into = map[string]scenarios.JSON{}
	for _, e := range v.Entries {
		if _, err := jsonpath.Parse(e.Key); err != nil {
			d.ProblemAt(e.At, err.Error(), "write it as in $.items[0].id")
			continue
		}
		var one scenarios.JSON
		d.json(e.Value, &one, field{key: source.Shorten(e.Key)})
		(*into)[e.Key] = one
	}
}

// extracts reads names and where their values come from.
func (d *Decoder) extracts(v *source.Value, into *map[string]scenarios.Extract, f field) {
	const fix = "write extract: {token: {json: $.token}}, {header: NAME} or {regexp: 'id=(\\d+)'}"
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping, not %s", f.key, v.What()), fix)
		return
	}
	*into = map[string]scenarios.Extract{}
	for _, e := range v.Entries {
		if !extractable.MatchString(e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s can't be the name of what is extracted", source.QuoteShort(e.Key)), "use letters, digits, dashes and _")
			continue
		}
		var one scenarios.Extract
		d.decode(e.Value, reflect.ValueOf(&one).Elem(), field{key: source.Shorten(e.Key)})
		given := 0
		for _, text := range []string{one.JSON, one.Header, one.Regexp} {
			if text != "" {
				given++
			}
		}
		if e.Value.Kind == source.Mapping && given != 1 {
			d.ProblemAt(e.At, fmt.Sprintf("%s comes from %d places, not one", source.QuoteShort(e.Key), given), fix)
			continue
		}
		(*into)[e.Key] = one
		if one.JSON != "" {
			if _, err := jsonpath.Parse(one.JSON); err != nil {
				d.Problem(e.Value.Get("json"), err.Error(), "write it as in $.items[0].id")
			}
		}
		d.pattern(e.Value.Get("regexp"))
	}
}

var extractable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// check reads what must be so of an answer.
func (d *Decoder) check(v *source.Value, into *scenarios.Check) {
	if !d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Check]())) {
		return
	}
	if len(v.Entries) == 0 {
		d.Problem(v, "check says nothing", "add status: 200, header: {...}, json: {$.id: 5} or body: {contains: ...}")
	}
	if body := v.Get("body"); body != nil && body.Kind == source.Mapping {
		if len(body.Entries) == 0 {
			d.Problem(body, "the body's check says nothing", "add contains: TEXT or matches: EXPRESSION")
		}
		d.pattern(body.Get("matches"))
	}
}

// pattern checks a regular expression.
func (d *Decoder) pattern(v *source.Value) {
	if v == nil || v.Kind != source.Scalar || v.Tag != source.TagText {
		return
	}
	if _, err := regexp.Compile(v.Text); err != nil {
		what := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		d.Problem(v, fmt.Sprintf("%s is no regular expression: %s", source.QuoteShort(v.Text), source.Shorten(what)), "write it in Go's syntax (RE2), as in 'id=(\\d+)'")
	}
}

// tables reads a load's data: names and files, or mappings of a file and how its rows are taken.
func (d *Decoder) tables(v *source.Value, into *[]*scenarios.Data, f field) {
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping of names to files, not %s", f.key, v.What()), "write data: {people: people.csv}")
		return
	}
	for _, e := range v.Entries {
		one := &scenarios.Data{Name: e.Key}
		if !extractable.MatchString(e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s can't be the name of data", source.QuoteShort(e.Key)), "use letters, digits, dashes and _")
			continue
		}
		if e.Value.Kind == source.Scalar && !e.Value.IsNull() {
			d.scalar(e.Value, reflect.ValueOf(&one.File).Elem(), field{key: source.Shorten(e.Key)})
		} else {
			d.decode(e.Value, reflect.ValueOf(one).Elem(), field{key: source.Shorten(e.Key)})
		}
		*into = append(*into, one)
	}
}

func (w *schemaWriter) tables(field, bool) schema {
	one := w.object(fieldsOf(reflect.TypeFor[scenarios.Data]()), false)
	return schema{"type": "object", "additionalProperties": schema{"anyOf": []any{schema{"type": "string"}, one}}}
}

func (w *schemaWriter) anything(field, bool) schema { return schema{} }

func (w *schemaWriter) path(field, bool) schema { return schema{"type": "string"} }

func (w *schemaWriter) statuses(field, bool) schema {
	one := schema{"type": "integer", "minimum": 200, "maximum": 599}
	return schema{"anyOf": []any{one, schema{"type": "array", "items": one, "minItems": 1}}}
}

func (w *schemaWriter) byPath(field, bool) schema {
	return schema{"type": "object", "propertyNames": schema{"pattern": `^\$`}, "additionalProperties": schema{}}
}

func (w *schemaWriter) extracts(field, bool) schema {
	one := w.object(fieldsOf(reflect.TypeFor[scenarios.Extract]()), false)
	return schema{"type": "object", "additionalProperties": one}
}
