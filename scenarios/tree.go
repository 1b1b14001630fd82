package scenarios

import (
	"slices"
	"strings"
)

// value is one place of a scenario file: a scalar, a list or a mapping, with where it stands.
// Anchors, aliases and merge keys are resolved already. Mappings keep the file's order.
type value struct {
	kind    valueKind
	tag     scalarTag // of a scalar
	text    string    // of a scalar
	items   []*value  // of a list
	entries []entry   // of a mapping
	at      place
	flow    bool // written as {} or []
}

type valueKind int

const (
	scalar valueKind = iota
	list
	mapping
)

// scalarTag is what an unquoted scalar reads as.
type scalarTag string

const (
	tagText   scalarTag = "text"
	tagNumber scalarTag = "number" // whole
	tagFloat  scalarTag = "fraction"
	tagBool   scalarTag = "bool"
	tagNull   scalarTag = "null"
)

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    place
	value *value
}

// place is a line and column, from 1.
type place struct{ line, column int }

func (v *value) isNull() bool { return v != nil && v.kind == scalar && v.tag == tagNull }

// get finds the value of a key; nil if there is none.
func (v *value) get(key string) *value {
	if e := v.entry(key); e != nil {
		return e.value
	}
	return nil
}

// entry finds a key of a mapping; nil if there is none.
func (v *value) entry(key string) *entry {
	if v == nil || v.kind != mapping {
		return nil
	}
	for i := range v.entries {
		if v.entries[i].key == key {
			return &v.entries[i]
		}
	}
	return nil
}

// without is the mapping less one key, as a new mapping over the same values.
func (v *value) without(keys ...string) *value {
	out := *v
	out.entries = nil
next:
	for _, e := range v.entries {
		for _, key := range keys {
			if e.key == key {
				continue next
			}
		}
		out.entries = append(out.entries, e)
	}
	return &out
}

// words is the value on one line, as a person would write it: for messages and expectations.
func (v *value) words() string {
	switch v.kind {
	case scalar:
		return v.text
	case list:
		parts := make([]string, len(v.items))
		for i, item := range v.items {
			parts[i] = item.words()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		parts := make([]string, len(v.entries))
		for i, e := range v.entries {
			parts[i] = e.key + ": " + e.value.words()
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
}

// what names the value's sort in a message.
func (v *value) what() string {
	switch {
	case v.kind == list:
		return "a list"
	case v.kind == mapping:
		return "a mapping"
	case v.tag == tagNull:
		return "nothing"
	case v.tag == tagText:
		return quoteShort(v.text)
	default:
		return shorten(v.text)
	}
}

// inline is a tree in flow style throughout.
func inline(v *value) *value {
	out := *v
	out.flow = true
	out.items, out.entries = nil, nil
	for _, item := range v.items {
		out.items = append(out.items, inline(item))
	}
	for _, e := range v.entries {
		out.entries = append(out.entries, entry{e.key, e.at, inline(e.value)})
	}
	return &out
}

// places are where a tree's values and keys stand.
func (v *value) places(into map[place]bool) {
	into[v.at] = true
	for _, item := range v.items {
		item.places(into)
	}
	for _, e := range v.entries {
		into[e.at] = true
		e.value.places(into)
	}
}

// replacing is a mapping with another value under one of its keys, as a new mapping.
func (v *value) replacing(key string, with *value, at place) *value {
	out := *v
	out.entries = slices.Clone(v.entries)
	for i := range out.entries {
		if out.entries[i].key == key {
			out.entries[i] = entry{key, at, with}
		}
	}
	return &out
}

// holding is the first scalar with a text in it.
func (v *value) holding(text string) *value {
	if v == nil {
		return nil
	}
	if v.kind == scalar {
		if slices.Contains(strings.FieldsFunc(v.text, func(c rune) bool { return c == ' ' || c == '>' || c == '<' }), text) || v.text == text {
			return v
		}
		if before, after, edge := strings.Cut(v.text, "->"); edge && (strings.TrimSpace(before) == text || strings.TrimSpace(after) == text) {
			return v
		}
		return nil
	}
	for _, item := range v.items {
		if found := item.holding(text); found != nil {
			return found
		}
	}
	for _, e := range v.entries {
		if found := e.value.holding(text); found != nil {
			return found
		}
	}
	return nil
}

// keysIn are the keys of a mapping.
func keysIn(v *value) []string {
	names := make([]string, len(v.entries))
	for i, e := range v.entries {
		names[i] = e.key
	}
	return names
}
