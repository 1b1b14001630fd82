// Package source is YAML as a tree of values, each with its place in the file: reading (with limits, anchors and merge
// keys resolved), merge patches, units, and mistakes that name file:line:column. It knows no key of the language.
package source

import (
	"slices"
	"strings"
)

// Value is one place of a scenario file: a scalar, a list or a mapping, with where it stands.
// Anchors, aliases and merge keys are resolved already. Mappings keep the file's order.
type Value struct {
	Kind    valueKind
	Tag     scalarTag // of a scalar
	Text    string    // of a scalar, what it takes from the environment filled in
	Items   []*Value  // of a list
	Entries []Entry   // of a mapping
	At      Place
	flow    bool // written as {} or []
	// written is a scalar's text as the file has it, where something in it came from the environment; withheld
	// tells that what came is nobody's business.
	written  string
	withheld bool
}

type valueKind int

const (
	Scalar valueKind = iota
	List
	Mapping
)

// scalarTag is what an unquoted scalar reads as.
type scalarTag string

const (
	TagText   scalarTag = "text"
	TagNumber scalarTag = "number" // whole
	TagFloat  scalarTag = "fraction"
	TagBool   scalarTag = "bool"
	tagNull   scalarTag = "null"
)

// Entry is one key of a mapping with its value.
type Entry struct {
	Key   string
	At    Place
	Value *Value
}

// Place is a line and column, from 1.
type Place struct{ Line, Column int }

func (v *Value) IsNull() bool { return v != nil && v.Kind == Scalar && v.Tag == tagNull }

// Get finds the value of a key; nil if there is none.
func (v *Value) Get(key string) *Value {
	if e := v.Entry(key); e != nil {
		return e.Value
	}
	return nil
}

// Entry finds a key of a mapping; nil if there is none.
func (v *Value) Entry(key string) *Entry {
	if v == nil || v.Kind != Mapping {
		return nil
	}
	for i := range v.Entries {
		if v.Entries[i].Key == key {
			return &v.Entries[i]
		}
	}
	return nil
}

// Without is the mapping less one key, as a new mapping over the same values.
func (v *Value) Without(keys ...string) *Value {
	out := *v
	out.Entries = nil
next:
	for _, e := range v.Entries {
		for _, key := range keys {
			if e.Key == key {
				continue next
			}
		}
		out.Entries = append(out.Entries, e)
	}
	return &out
}

// Words is the value on one line, as a person would write it: for messages and expectations.
func (v *Value) Words() string {
	switch v.Kind {
	case Scalar:
		return v.Told()
	case List:
		parts := make([]string, len(v.Items))
		for i, item := range v.Items {
			parts[i] = item.Words()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		parts := make([]string, len(v.Entries))
		for i, e := range v.Entries {
			parts[i] = e.Key + ": " + e.Value.Words()
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
}

// What names the value's sort in a message.
func (v *Value) What() string {
	switch {
	case v.Kind == List:
		return "a list"
	case v.Kind == Mapping:
		return "a mapping"
	case v.Tag == tagNull:
		return "nothing"
	case v.Tag == TagText:
		return QuoteShort(v.Told())
	default:
		return Shorten(v.Told())
	}
}

// Inline is a tree in flow style throughout.
func Inline(v *Value) *Value {
	out := *v
	out.flow = true
	out.Items, out.Entries = nil, nil
	for _, item := range v.Items {
		out.Items = append(out.Items, Inline(item))
	}
	for _, e := range v.Entries {
		out.Entries = append(out.Entries, Entry{e.Key, e.At, Inline(e.Value)})
	}
	return &out
}

// Places are where a tree's values and keys stand.
func (v *Value) Places(into map[Place]bool) {
	into[v.At] = true
	for _, item := range v.Items {
		item.Places(into)
	}
	for _, e := range v.Entries {
		into[e.At] = true
		e.Value.Places(into)
	}
}

// Replacing is a mapping with another value under one of its keys, as a new mapping.
func (v *Value) Replacing(key string, with *Value, at Place) *Value {
	out := *v
	out.Entries = slices.Clone(v.Entries)
	for i := range out.Entries {
		if out.Entries[i].Key == key {
			out.Entries[i] = Entry{key, at, with}
		}
	}
	return &out
}

// Holding is the first scalar with a text in it.
func (v *Value) Holding(text string) *Value {
	if v == nil {
		return nil
	}
	if v.Kind == Scalar {
		if slices.Contains(strings.FieldsFunc(v.Text, func(c rune) bool { return c == ' ' || c == '>' || c == '<' }), text) || v.Text == text {
			return v
		}
		if before, after, edge := strings.Cut(v.Text, "->"); edge && (strings.TrimSpace(before) == text || strings.TrimSpace(after) == text) {
			return v
		}
		return nil
	}
	for _, item := range v.Items {
		if found := item.Holding(text); found != nil {
			return found
		}
	}
	for _, e := range v.Entries {
		if found := e.Value.Holding(text); found != nil {
			return found
		}
	}
	return nil
}

// KeysIn are the keys of a mapping.
func KeysIn(v *Value) []string {
	names := make([]string, len(v.Entries))
	for i, e := range v.Entries {
		names[i] = e.Key
	}
	return names
}
