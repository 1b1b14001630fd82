package scenarios

import "reflect"

// Over is p where it says something, and below where it does not: what holds for a call that has policy p on a node that
// has policy below.
func (p Policy) Over(below Policy) Policy {
	above, under := reflect.ValueOf(&p).Elem(), reflect.ValueOf(below)
	for _, f := range reflect.VisibleFields(above.Type()) {
		if said := above.FieldByIndex(f.Index); !f.Anonymous && said.IsZero() {
			said.Set(under.FieldByIndex(f.Index))
		}
	}
	return p
}
