// Package jsonpath finds values in JSON by paths such as $.items[0].id: the part of RFC 9535 that names places. It has
// names ($.a, $['a b']), numbers ([0], and [-1] from the end) and every one of them ([*], .*); no filters, slices or descent.
package jsonpath

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Path is a path, parsed.
type Path struct {
	text  string
	steps []step
}

type step struct {
	name  string
	index int
	kind  byte // 'n' a name, 'i' an index, '*' every one
}

func (p Path) String() string { return p.text }

// mostSteps bounds a path.
const mostSteps = 64

// Parse reads a path. The error says what is wrong with it, in one line.
func Parse(text string) (Path, error) {
	p := Path{text: text}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return Path{}, fmt.Errorf("the path %.60q does not begin with $", text)
	}
	for rest != "" {
		var s step
		var err error
		switch rest[0] {
		case '.':
			s, rest, err = dotted(rest[1:])
		case '[':
			s, rest, err = bracketed(rest[1:])
		default:
			err = fmt.Errorf("a . or [ must stand before %.20q", rest)
		}
		if err != nil {
			return Path{}, fmt.Errorf("the path %.60q can't be read: %w", text, err)
		}
		if p.steps = append(p.steps, s); len(p.steps) > mostSteps {
			return Path{}, fmt.Errorf("the path %.60q has more than %d steps", text, mostSteps)
		}
	}
	return p, nil
}

func dotted(rest string) (step, string, error) {
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	switch {
	case name == "":
		return step{}, "", fmt.Errorf("a name is missing after a dot (descent, as in $..id, is not known)")
	case name == "*":
		return step{kind: '*'}, rest[end:], nil
	case strings.ContainsAny(name, " '\"]$?()"):
		return step{}, "", fmt.Errorf("%.20q can't stand after a dot, but as in $['a b']", name)
	}
	return step{kind: 'n', name: name}, rest[end:], nil
}

func bracketed(rest string) (step, string, error) {
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		name, after, ok := strings.Cut(rest[1:], rest[:1]+"]")
		if !ok {
			return step{}, "", fmt.Errorf("a quote is not closed")
		}
		return step{kind: 'n', name: name}, after, nil
	}
	inner, after, ok := strings.Cut(rest, "]")
	if !ok {
		return step{}, "", fmt.Errorf("a bracket is not closed")
	}
	if inner == "*" {
		return step{kind: '*'}, after, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil {
		return step{}, "", fmt.Errorf("[%.20s] is neither a number, * nor a name in quotes", inner)
	}
	return step{kind: 'i', index: n}, after, nil
}

// Find are the values at a path, in the document's order (of objects: by name). None: nothing stands there.
func (p Path) Find(document any) []any {
	at := []any{document}
	for _, s := range p.steps {
		var next []any
		for _, v := range at {
			next = s.from(next, v)
		}
		at = next
	}
	return at
}

func (s step) from(out []any, v any) []any {
	switch v := v.(type) {
	case map[string]any:
		switch s.kind {
		case 'n':
			if inner, ok := v[s.name]; ok {
				out = append(out, inner)
			}
		case '*':
			for _, name := range slices.Sorted(maps.Keys(v)) {
				out = append(out, v[name])
			}
		}
	case []any:
		i := s.index
		if i < 0 {
			i += len(v)
		}
		switch {
		case s.kind == '*':
			out = append(out, v...)
		case s.kind == 'i' && i >= 0 && i < len(v):
			out = append(out, v[i])
		}
	}
	return out
}

// Decode reads a document, its numbers as they are written, and nothing after it.
func Decode(data []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read JSON: something stands after the document")
	}
	return v, nil
}

// Text is a value as a text: a string without its quotes, anything else as compact JSON.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// Equal tells whether two values are the same; numbers are by what they mean, so that 1 is 1.0.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if w, there := b[name]; !there || !Equal(v, w) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	// Whole numbers beyond what a float64 holds are compared as they are written.
	if i, err := a.Int64(); err == nil {
		if j, err := b.Int64(); err == nil {
			return i == j
		}
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y
}
