package scenarios

import "reflect"

// Over is p where it says something, and below where it does not: what holds for a call that has policy p on a node that
// has policy below.
func (p Policy) Over(below Policy) Policy {
	above, under := reflect.ValueOf(&p).Elem(), reflect.ValueOf(below)
	for _, f := range policyFields {
		if said := above.FieldByIndex(f.index); said.IsZero() {
			said.Set(under.FieldByIndex(f.index))
		}
	}
	return p
}

var policyFields = fieldsOf(reflect.TypeFor[Policy]())

// callKeys are the keys of a step that are for those that call somebody: call, read and write.
var callKeys = append(keysOf(append(fieldsOf(reflect.TypeFor[Failover]()), policyFields...)), "fallback")
