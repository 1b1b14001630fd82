package grammar

import (
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// Key is one key of the language, as its reference has it.
type Key struct {
	Name string
	// Of is what has the key: a node, a step, a load ...
	Of []string
	// Kinds are the kinds of node or fault that have it; nil: all, or it is of something without kinds.
	Kinds []string
	// Words are what it may be, where that is one of a few.
	Words []string
	// Takes says how a value looks, as in 500ms or 5%, or which words it may be; nothing where it is a mapping.
	Takes string
	Need  bool
	Doc   string
	// Keys are those of the mapping that it takes.
	Keys []Key
}

// Reference is every key of the language in the order of the model, once for each meaning that it has. It is made from
// the tags that the decoder and the schema work from. A fault's own word is not in it: faults explain themselves.
func Reference() []Key {
	var out []Key
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		var inner []reflect.Type
		for _, f := range fieldsOf(t) {
			k := keyOf(f)
			same := func(o Key) bool { return o.Name == k.Name && o.Doc == k.Doc }
			if i := slices.IndexFunc(out, same); i >= 0 {
				out[i].Of = append(out[i].Of, nounOf(t)) // a node and a step have the same policy
				continue
			}
			k.Of = []string{nounOf(t)}
			if m := mappingOf(f.typ); m != nil {
				inner = append(inner, m)
				for _, g := range fieldsOf(m) {
					k.Keys = append(k.Keys, keyOf(g))
				}
				switch m {
				case reflect.TypeFor[scenarios.Expectation]():
					k.Keys = append(k.Keys, metricKeys(metric.Names())...)
				case reflect.TypeFor[scenarios.Condition]():
					k.Keys = append(k.Keys, metricKeys(metric.LiveNames())...)
				}
			}
			out = append(out, k)
		}
		for _, m := range inner {
			walk(m)
		}
	}
	walk(reflect.TypeFor[scenarios.Scenario]())
	walk(reflect.TypeFor[scenarios.Node]())
	walk(reflect.TypeFor[scenarios.Step]())
	walk(reflect.TypeFor[scenarios.Param]())
	walk(reflect.TypeFor[selectorKeys]())
	walk(reflect.TypeFor[spreadKeys]())
	walk(reflect.TypeFor[faultKeys]())
	for _, row := range faults.Kinds {
		out = withKeysOf(out, row)
	}
	return append(out, // these are no struct's
		Key{Name: "templates", Of: []string{"the scenario"}, Doc: "Defaults that nodes and steps take with use."},
		Key{Name: "variants", Of: []string{"the scenario"}, Doc: "Merge patches (RFC 7396) on the scenario: null removes, a list replaces. expect: fail in one keeps what the scenario expects and says that the variant should not: run --variants holds it to that."},
		Key{Name: Extends, Of: []string{"a variant"}, Takes: "a name, or a list of names", Doc: "Variants whose patches come before this one's."},
	)
}

// withKeysOf adds a kind of fault's own keys: to one of the same meaning, where another kind has it.
func withKeysOf(out []Key, row faults.Entry) []Key {
	of := nounOf(reflect.TypeFor[faultKeys]())
	for _, k := range KeysOfFault(row) {
		same := func(o Key) bool { return o.Name == k.Name && o.Doc == k.Doc && slices.Equal(o.Of, []string{of}) }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Kinds = append(out[i].Kinds, row.Word)
		} else if k.Name != row.Word {
			k.Of, k.Kinds = []string{of}, []string{row.Word}
			out = append(out, k)
		}
	}
	return out
}

// KeysIn are the keys that whatever is called so has, as in scenario, phase or step, and a node of every kind; nil for a
// word that is none of them.
func KeysIn(word string) []Key {
	var out []Key
	for _, k := range Reference() {
		called := func(noun string) bool {
			_, name, _ := strings.Cut(noun, " ")
			return word == name || word == name+"s"
		}
		if slices.ContainsFunc(k.Of, called) && k.Kinds == nil {
			out = append(out, k)
		}
	}
	if word == "expectation" || word == "expectations" {
		out = append(out, metricKeys(metric.Names())...)
	}
	return out
}

// metricKeys are figures that an expectation or a condition may bound.
func metricKeys(names []string) []Key {
	out := make([]Key, len(names))
	for i, name := range names {
		out[i] = Key{Name: name, Doc: metric.Name(name).Facts().Doc}
	}
	return out
}

// KeysOf are the keys that a node of a kind has and not every kind has, nil for an unknown kind.
func KeysOf(kind string) []Key {
	if !slices.Contains(nodeKinds(), kind) {
		return nil
	}
	var out []Key
	for _, k := range Reference() {
		if slices.Contains(k.Of, nounOf(reflect.TypeFor[scenarios.Node]())) && slices.Contains(k.Kinds, kind) {
			out = append(out, k)
		}
	}
	return out
}

// kinds are the words that a node's kind may be.
func nodeKinds() []string {
	for _, f := range fieldsOf(reflect.TypeFor[scenarios.Node]()) {
		if f.key == "kind" {
			return f.enum
		}
	}
	return nil
}

func keyOf(f field) Key {
	takes := ""
	switch {
	case len(f.enum) > 0:
		takes = "one of " + strings.Join(f.enum, ", ")
	case mappingOf(f.typ) == nil && hint(f) == "...":
		takes = plain(f)
	case f.typ == reflect.TypeFor[faults.Selector]() || f.typ == reflect.TypeFor[*faults.Selector]():
		takes = "a name, NODE -> NODE, a list of them, or a mapping (see: squall explain selection)"
	case mappingOf(f.typ) == nil:
		takes = "a value as in " + hint(f)
	}
	return Key{Name: f.key, Kinds: f.kinds, Words: f.enum, Takes: takes, Need: f.need, Doc: f.doc}
}

// plain is what a value without a unit is: true or false, a number, or else text.
func plain(f field) string {
	switch t := pointed(f.typ); t.Kind() {
	case reflect.Bool, reflect.Float64, reflect.Uint64:
		return spelled(f, t)
	}
	return "text"
}

// mappingOf is the struct whose keys a value of this type has, nil where it is spelled otherwise.
func mappingOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || len(fieldsOf(t)) == 0 || t.PkgPath() != reflect.TypeFor[scenarios.Node]().PkgPath() {
		return nil
	}
	return t
}

// KeysOfFault are a kind's own keys; name, on, at and for, which every fault has, are left out.
func KeysOfFault(kind faults.Entry) []Key {
	var out []Key
	for _, f := range fieldsOf(reflect.TypeOf(kind.Zero)) {
		out = append(out, keyOf(f))
	}
	return out
}
