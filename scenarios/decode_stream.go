package scenarios

import (
	"fmt"
	"reflect"
)

// subscribers reads a mapping of names to subscribers, in the file's order.
func (d *decoder) subscribers(v *value) []*Subscriber {
	const fix = "write subscribers: {NAME: {to: NODE METHOD /path}}"
	if v.kind != mapping {
		d.problem(v, "subscribers needs a mapping of names to subscribers, not "+v.what(), fix)
		return nil
	}
	out := make([]*Subscriber, 0, len(v.entries))
	for _, e := range v.entries {
		one := &Subscriber{Name: e.key}
		out = append(out, one)
		d.name("subscriber", e)
		if e.value.isNull() {
			d.problemAt(e.at, fmt.Sprintf("subscriber %q is empty", shorten(e.key)), "write {to: NODE METHOD /path}")
			continue
		}
		d.structure(e.value, reflect.ValueOf(one).Elem(), d.fieldsOf(reflect.TypeFor[Subscriber]()))
	}
	return out
}
