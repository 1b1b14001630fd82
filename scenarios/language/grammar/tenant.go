package grammar

import (
	"fmt"
	"reflect"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// tenant reads a name, or how a parameter is drawn.
func (d *Decoder) tenant(v *source.Value, into *scenarios.Tenant, f field) {
	if v.Kind == source.Mapping {
		d.param(v, &into.Param, f)
		return
	}
	if v.Kind == source.List {
		d.Problem(v, "tenant needs a name or how it is drawn, not a list", "write tenant: NAME, or tenant: {uniform: true, of: 50}")
		return
	}
	d.scalar(v, reflect.ValueOf(&into.Name).Elem(), field{key: f.key})
	if into.Name != "" && !printable(into.Name) {
		d.Problem(v, fmt.Sprintf("%s can't be the name of a tenant", source.QuoteShort(into.Name)), "use letters, digits and dashes")
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
