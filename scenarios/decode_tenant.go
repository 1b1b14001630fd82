package scenarios

import (
	"fmt"
	"reflect"
)

// tenant reads a name, or how a parameter is drawn.
func (d *decoder) tenant(v *value, into *Tenant, f field) {
	if v.kind == mapping {
		d.param(v, &into.Param, f)
		return
	}
	if v.kind == list {
		d.problem(v, "tenant needs a name or how it is drawn, not a list", "write tenant: NAME, or tenant: {uniform: true, of: 50}")
		return
	}
	d.scalar(v, reflect.ValueOf(&into.Name).Elem(), field{key: f.key})
	if into.Name != "" && !printable(into.Name) {
		d.problem(v, fmt.Sprintf("%s can't be the name of a tenant", quoteShort(into.Name)), "use letters, digits and dashes")
		into.Name = ""
	}
}

// printable tells whether a text can be sent as a header.
func printable(s string) bool {
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
