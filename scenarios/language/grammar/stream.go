package grammar

import (
	"fmt"
	"reflect"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// subscribers reads a mapping of names to subscribers, in the file's order.
func (d *Decoder) subscribers(v *source.Value) []*scenarios.Subscriber {
	const fix = "write subscribers: {NAME: {to: NODE METHOD /path}}"
	if v.Kind != source.Mapping {
		d.Problem(v, "subscribers needs a mapping of names to subscribers, not "+v.What(), fix)
		return nil
	}
	out := make([]*scenarios.Subscriber, 0, len(v.Entries))
	for _, e := range v.Entries {
		one := &scenarios.Subscriber{Name: e.Key}
		out = append(out, one)
		d.name("subscriber", e)
		if e.Value.IsNull() {
			d.ProblemAt(e.At, fmt.Sprintf("subscriber %q is empty", source.Shorten(e.Key)), "write {to: NODE METHOD /path}")
			continue
		}
		d.structure(e.Value, reflect.ValueOf(one).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Subscriber]()))
	}
	return out
}
