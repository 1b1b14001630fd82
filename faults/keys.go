package faults

import (
	"reflect"
	"strings"
)

// Key is one key of a kind's line in a scenario.
type Key struct {
	Name string
	// Doc is what it means, Values what it may be where that is a list of words.
	Doc    string
	Values []string
}

// Keys are a kind's own keys, from its type's tags; name, on, at and for, which every fault has, are left out.
func (e Entry) Keys() []Key {
	var out []Key
	t := reflect.TypeOf(e.Zero)
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name := tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		k := Key{Name: name, Doc: tag.Get("doc")}
		if words := tag.Get("enum"); words != "" {
			k.Values = strings.Split(words, ",")
		}
		out = append(out, k)
	}
	return out
}
