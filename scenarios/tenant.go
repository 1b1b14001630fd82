package scenarios

import (
	"fmt"
	"reflect"
	"strconv"
)

// Tenant says whose requests a load sends: those of one, by its name, or of many, drawn request by request as 1 to Of.
// Tenants of the same name are the same, whichever load sends for them.
type Tenant struct {
	Name string `yaml:"-" json:"name,omitempty"`
	Param
}

// When is whose requests a step is done for; all that is given must be so. For others it is passed over.
type When struct {
	Tenant   string `yaml:"tenant" json:"tenant,omitempty" doc:"Requests of this tenant: a load's tenant, or its name where it has none."`
	Load     string `yaml:"load" json:"load,omitempty" doc:"Requests that this load has caused."`
	Priority string `yaml:"priority" enum:"high,low" json:"priority,omitempty" doc:"Requests of this priority."`
}

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

// when checks that somebody sends what a step waits for.
func (v *validator) when(w *When, at []any) {
	if w == nil {
		return
	}
	at = extend(at, "when")
	if *w == (When{}) && len(v.valueAt(at).entries) == 0 {
		v.problem(at, "when says nothing", "add tenant: NAME, load: NAME or priority: low, or take it away")
	}
	var loads, tenants []string
	for _, l := range v.Loads {
		loads = append(loads, l.Name)
		switch t := l.Tenant; {
		case t == nil:
			tenants = append(tenants, l.Name)
		case t.Name != "":
			tenants = append(tenants, t.Name)
		default:
			if n, err := strconv.Atoi(w.Tenant); err == nil && n >= 1 && (t.Of == 0 || n <= t.Of) {
				tenants = append(tenants, w.Tenant)
			}
		}
	}
	v.sends("load", w.Load, loads, extend(at, "load"))
	v.sends("tenant", w.Tenant, tenants, extend(at, "tenant"))
}

// sends checks that a load or tenant is there.
func (v *validator) sends(what, name string, there []string, at []any) {
	for _, one := range there {
		if name == one {
			return
		}
	}
	if name != "" && !v.decoder.full() {
		v.problem(at, fmt.Sprintf("there is no %s %s", what, quoteShort(name)), didYouMean(name, there, what+"s"))
	}
}
