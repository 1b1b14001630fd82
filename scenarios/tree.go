package scenarios

import "strings"

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

// walk follows a path of keys (string) and indexes (int) as far as it goes and returns the
// position of the last step: a scalar's own, a list's or mapping's key.
func (v *value) walk(path []any) place {
	at := v.at
	for _, step := range path {
		switch step := step.(type) {
		case string:
			e := v.entry(step)
			if e == nil {
				return at
			}
			v, at = e.value, e.at
		case int:
			if v.kind != list || step < 0 || step >= len(v.items) {
				return at
			}
			v = v.items[step]
			at = v.at
		}
	}
	if v.kind == scalar {
		return v.at
	}
	return at
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
