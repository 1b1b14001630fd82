package scenarios

import (
	"fmt"
	"strconv"
)

// when checks that somebody sends what a step waits for.
func (v *validator) when(w *When, at Path) {
	if w == nil {
		return
	}
	at = at.Key("when")
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
	v.sends("load", w.Load, loads, at.Key("load"))
	v.sends("tenant", w.Tenant, tenants, at.Key("tenant"))
}

// sends checks that a load or tenant is there.
func (v *validator) sends(what, name string, there []string, at Path) {
	for _, one := range there {
		if name == one {
			return
		}
	}
	if name != "" && !v.report.full() {
		v.problem(at, fmt.Sprintf("there is no %s %s", what, quoteShort(name)), didYouMean(name, there, what+"s"))
	}
}
