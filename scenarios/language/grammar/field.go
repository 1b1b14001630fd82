package grammar

import (
	"reflect"
	"strings"
)

// field is one key of a mapping, as the tags of a struct's field describe it. The decoder and
// the schema both work from it:
//
//	yaml:"key"        the key; ",inline" takes in an embedded struct's keys; "-" is no key
//	unit:"rate"       how a number is spelled: rate, share, size, bandwidth (durations need none)
//	enum:"a,b"        the only words allowed
//	need:"yes"        the key must be there
//	min:"1"           the least that it may be, spelled as the key's values are; max:"1000" the most
//	sign:"positive"   more than zero where given; sign:"any" allows less than zero, which else is a mistake
//	zero:"unset"      zero means the same as leaving the key out; other words say why zero is refused
//	kinds:"a,b"       node kinds that have the key (default: all); image: only nodes with an image; said of an
//	                  embedded struct, it is of those of its keys that don't say their own
//	step:"does"       a step's key that says what it does: it has exactly one of them
//	of:"read,call"    the steps that have the key, by what they do (default: all)
//
// What an editor shows is the first paragraph of the field's comment.
type field struct {
	key   string
	index []int
	typ   reflect.Type
	unit  string
	enum  []string
	need  bool
	min   string
	max   string
	sign  string
	same  bool   // zero is as if it were not given
	why   string // zero is refused
	kinds []string
	does  bool
	of    []string
	doc   string
}

// fieldsOf lists the keys of a struct in its order.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				if inner.kinds == nil {
					inner.kinds = words(f.Tag.Get("kinds"))
				}
				if inner.of == nil {
					inner.of = words(f.Tag.Get("of"))
				}
				out = append(out, inner)
			}
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		out = append(out, field{
			key: key, index: []int{i}, typ: f.Type,
			unit: f.Tag.Get("unit"), enum: words(f.Tag.Get("enum")), need: f.Tag.Get("need") == "yes",
			min: f.Tag.Get("min"), max: f.Tag.Get("max"), sign: f.Tag.Get("sign"), same: f.Tag.Get("zero") == "unset",
			why: refusal(f.Tag.Get("zero")), kinds: words(f.Tag.Get("kinds")), doc: meaning(t, f),
			does: f.Tag.Get("step") == "does", of: words(f.Tag.Get("of")),
		})
	}
	return out
}

func words(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

// refusal is why a key refuses zero, "" where its zero tag does not say.
func refusal(tag string) string {
	if tag == "unset" {
		return ""
	}
	return tag
}
