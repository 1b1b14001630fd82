package grammar

import (
	"reflect"
	"slices"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// everyKey visits each key of the language, with the type that has it, once.
func everyKey(visit func(t reflect.Type, f field)) {
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, f := range fieldsOf(t) {
			visit(t, f)
			if inner := mappingOf(f.typ); inner != nil {
				walk(inner)
			}
		}
	}
	for _, t := range []reflect.Type{
		reflect.TypeFor[scenarios.Scenario](), reflect.TypeFor[scenarios.Node](), reflect.TypeFor[scenarios.Step](),
		reflect.TypeFor[scenarios.Param](), reflect.TypeFor[faultKeys](), reflect.TypeFor[selectorKeys](),
	} {
		walk(t)
	}
	for _, kind := range faults.Kinds {
		walk(reflect.TypeOf(kind.Zero))
	}
}

func isNumber(t reflect.Type) bool {
	return slices.Contains([]reflect.Kind{reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64}, t.Kind())
}

// An explicit zero is a value. Of every key that takes a number one of these holds: it has to be there; its type tells "not
// given" from zero (a pointer); zero is refused; or it says, in its tags, that zero is what leaving it out means.
func TestAnExplicitZeroIsAValue(t *testing.T) {
	everyKey(func(of reflect.Type, f field) {
		_, kind := faults.Lookup(f.key) // a kind's size under its own word is always there
		_, told := toldFromZero[of.Name()+"."+f.key]
		if f.need || kind || told || !isNumber(f.typ) {
			return
		}
		d := NewDecoder(&source.Report{File: "x"}, nil)
		d.decode(zero(f), reflect.New(f.typ).Elem(), f)
		refused := len(d.Problems) > 0
		switch {
		case refused && f.same:
			t.Errorf("%s.%s says that zero is as if it were not there, and refuses it: %v", of.Name(), f.key, d.Problems)
		case !refused && !f.same:
			t.Errorf("%s.%s takes zero, and nothing tells it from a key that is not there", of.Name(), f.key)
		}
	})
}

// toldFromZero are keys whose presence is looked at where they are decoded.
var toldFromZero = map[string]string{
	"Scale.replicas": "the kind wants one or more",
	"Stage.rate":     "Level tells a stage with it",
	"Stage.from":     "0/s is refused after a stage that ends above it, where it would mean another rate",
	"Stage.to":       "a stage without rate has it",
}

func zeroText(f field) string {
	switch f.unit {
	case source.UnitRate:
		return "0/s"
	case source.UnitShare:
		return "0%"
	case source.UnitSize:
		return "0B"
	case source.UnitBandwidth:
		return "0B/s"
	}
	if f.typ == durationType {
		return "0s"
	}
	return "0"
}

// zero is how a key's zero stands in a file.
func zero(f field) *source.Value {
	v := &source.Value{Kind: source.Scalar, Tag: source.TagText, Text: zeroText(f)}
	if f.unit == "" && f.typ != durationType {
		v.Tag = source.TagNumber
	}
	return v
}
