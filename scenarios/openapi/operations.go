// Package openapi reads what an API takes from its description (OpenAPI 3, or Swagger 2 without bodies): as much as it takes to send
// a request to each operation. It opens no file, and follows references within the file alone.
package openapi

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// Operation is one method of one path.
type Operation struct {
	// Send is "METHOD /path/{param}?query={param}", with the parameters that must be there.
	Send string
	// Body is an example of the body, nil for none.
	Body *source.Value
	// Statuses are those below 400 that it may answer.
	Statuses []int
}

// Methods are those that operations have, in the order in which they are read.
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// MaxOperations bounds what is read of a file.
const MaxOperations = 500

// Read lists the operations of some methods; what says what is wrong with the file, at that value, "" for nothing.
func Read(root *source.Value, methods []string) (operations []Operation, at *source.Value, what string) {
	paths := root.Get("paths")
	if root.Kind != source.Mapping || root.Get("openapi") == nil && root.Get("swagger") == nil {
		return nil, root, "the file is no description of an API: it has no openapi"
	}
	if paths == nil || paths.Kind != source.Mapping {
		return nil, root, "the description has no paths"
	}
	r := reader{root: root, left: new(int)}
	for _, path := range paths.Entries {
		if !strings.HasPrefix(path.Key, "/") || strings.ContainsAny(path.Key, " #?") || path.Value.Kind != source.Mapping {
			continue // x-... and what is no path
		}
		for _, method := range methods {
			if op := path.Value.Get(strings.ToLower(method)); op != nil && op.Kind == source.Mapping && len(operations) < MaxOperations {
				operations = append(operations, r.operation(method, r.base()+path.Key, path.Value, op))
			}
		}
	}
	if len(operations) == 0 {
		return nil, paths, "the description has no operation of " + strings.Join(methods, ", ")
	}
	return operations, nil, ""
}

type reader struct {
	root *source.Value
	left *int // how many more values the examples of an operation may have: descriptions refer to themselves
}

// mostValues bounds the example of one body.
const mostValues = 2000

// base is the path of the first server.
func (r reader) base() string {
	if base := text(r.root.Get("basePath")); base != "" {
		return strings.TrimSuffix(base, "/")
	}
	servers := r.root.Get("servers")
	if servers == nil || servers.Kind != source.List || len(servers.Items) == 0 {
		return ""
	}
	u, err := url.Parse(text(servers.Items[0].Get("url")))
	if err != nil || strings.ContainsAny(u.Path, "{} ") {
		return ""
	}
	if base := strings.TrimSuffix(u.Path, "/"); strings.HasPrefix(base, "/") {
		return base
	}
	return ""
}

func (r reader) operation(method, path string, item, op *source.Value) Operation {
	out := Operation{Send: method + " " + named(path)}
	sep := "?"
	for _, of := range []*source.Value{item.Get("parameters"), op.Get("parameters")} {
		if of == nil || of.Kind != source.List {
			continue
		}
		for _, p := range of.Items {
			p = r.resolve(p)
			name := text(p.Get("name"))
			if text(p.Get("in")) == "query" && text(p.Get("required")) == "true" && name != "" && !strings.Contains(out.Send, sep+url.QueryEscape(name)+"=") {
				out.Send += sep + url.QueryEscape(name) + "=" + r.value(p, name)
				sep = "&"
			}
		}
	}
	*r.left = mostValues
	content := r.resolve(op.Get("requestBody")).Get("content")
	if content != nil && content.Kind == source.Mapping {
		for _, kind := range content.Entries {
			if strings.HasPrefix(kind.Key, "application/json") || strings.Contains(kind.Key, "+json") {
				if out.Body = r.example(kind.Value, 0); out.Body != nil {
					break
				}
			}
		}
	}
	if answers := op.Get("responses"); answers != nil && answers.Kind == source.Mapping {
		for _, e := range answers.Entries {
			if n, err := strconv.Atoi(e.Key); err == nil && n >= 200 && n < 400 {
				out.Statuses = append(out.Statuses, n)
			}
		}
	}
	return out
}

// named is a path with parameters that a request can have: {order.id} is {order-id}.
func named(path string) string {
	var b strings.Builder
	inside := false
	for _, c := range path {
		switch {
		case c == '{':
			inside = true
		case c == '}':
			inside = false
		case inside && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'):
			c = '-'
		case c <= ' ' || c >= 0x7f || c == '*':
			c = '-'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// value is what a query's parameter is: an example of it, or one that is counted up.
func (r reader) value(p *source.Value, name string) string {
	for _, of := range []*source.Value{p, r.resolve(p.Get("schema"))} {
		for _, key := range []string{"example", "default"} {
			if v := text(of.Get(key)); v != "" {
				return url.QueryEscape(v)
			}
		}
		if enum := of.Get("enum"); enum != nil && enum.Kind == source.List && len(enum.Items) > 0 {
			return url.QueryEscape(text(enum.Items[0]))
		}
	}
	return named("{" + strings.TrimLeft(name, "0123456789-.") + "}")
}

// deepest is how deep an example goes; beyond that there is nothing.
const deepest = 8

// example is an example of what a media type or schema describes.
func (r reader) example(of *source.Value, depth int) *source.Value {
	of = r.resolve(of)
	if *r.left--; of == nil || of.Kind != source.Mapping || depth > deepest || *r.left < 0 {
		return nil
	}
	if v := of.Get("example"); v != nil {
		return v
	}
	if all := of.Get("examples"); all != nil && all.Kind == source.Mapping && len(all.Entries) > 0 {
		return r.resolve(all.Entries[0].Value).Get("value")
	}
	if inner := of.Get("schema"); inner != nil {
		return r.example(inner, depth+1)
	}
	if v := of.Get("default"); v != nil {
		return v
	}
	if enum := of.Get("enum"); enum != nil && enum.Kind == source.List && len(enum.Items) > 0 {
		return enum.Items[0]
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		if parts := of.Get(key); parts != nil && parts.Kind == source.List && len(parts.Items) > 0 {
			return r.joined(key, parts.Items, depth)
		}
	}
	return r.typed(of, depth)
}

// joined is an example of all of some schemas, or of the first of several.
func (r reader) joined(key string, parts []*source.Value, depth int) *source.Value {
	if key != "allOf" {
		return r.example(parts[0], depth+1)
	}
	out := &source.Value{Kind: source.Mapping}
	for _, part := range parts {
		if one := r.example(part, depth+1); one != nil && one.Kind == source.Mapping {
			for _, e := range one.Entries {
				if out.Get(e.Key) == nil {
					out.Entries = append(out.Entries, e)
				}
			}
		}
	}
	return out
}

func (r reader) typed(of *source.Value, depth int) *source.Value {
	scalar := func(tag string, value string) *source.Value {
		v := &source.Value{Kind: source.Scalar, Text: value, Tag: source.TagText}
		switch tag {
		case "number":
			v.Tag = source.TagNumber
		case "bool":
			v.Tag = source.TagBool
		}
		return v
	}
	switch kind := text(of.Get("type")); {
	case kind == "object" || of.Get("properties") != nil:
		out := &source.Value{Kind: source.Mapping}
		if properties := of.Get("properties"); properties != nil && properties.Kind == source.Mapping {
			for _, e := range properties.Entries {
				if one := r.example(e.Value, depth+1); one != nil {
					out.Entries = append(out.Entries, source.Entry{Key: e.Key, Value: one})
				}
			}
		}
		return out
	case kind == "array":
		out := &source.Value{Kind: source.List}
		if one := r.example(of.Get("items"), depth+1); one != nil {
			out.Items = append(out.Items, one)
		}
		return out
	case kind == "integer" || kind == "number":
		if least := of.Get("minimum"); least != nil {
			return least
		}
		return scalar("number", "1")
	case kind == "boolean":
		return scalar("bool", "true")
	}
	switch text(of.Get("format")) {
	case "date-time":
		return scalar("text", "2000-01-01T00:00:00Z")
	case "date":
		return scalar("text", "2000-01-01")
	case "email":
		return scalar("text", "user@example.org")
	case "uuid":
		return scalar("text", "00000000-0000-4000-8000-000000000000")
	}
	return scalar("text", "text")
}

// resolve follows references within the file; what leads nowhere is an empty mapping.
func (r reader) resolve(v *source.Value) *source.Value {
	for range 16 {
		ref := text(v.Get("$ref"))
		if v == nil || ref == "" {
			break
		}
		path, within := strings.CutPrefix(ref, "#/")
		if !within {
			return &source.Value{Kind: source.Mapping}
		}
		v = r.root
		for part := range strings.SplitSeq(path, "/") {
			v = v.Get(strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
	}
	if v == nil {
		return &source.Value{Kind: source.Mapping}
	}
	return v
}

func text(v *source.Value) string {
	if v == nil || v.Kind != source.Scalar || v.IsNull() {
		return ""
	}
	return v.Text
}
