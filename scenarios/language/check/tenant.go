package check

import (
	"fmt"
	"strconv"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// when checks that somebody sends what a step waits for.
func (v *Checker) when(w *scenarios.When, at scenarios.Path) {
	if w == nil {
		return
	}
	at = at.Key("when")
	if *w == (scenarios.When{}) && len(v.valueAt(at).Entries) == 0 {
		v.Problem(at, "when says nothing", "add tenant: NAME, load: NAME or priority: low, or take it away")
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
func (v *Checker) sends(what, name string, there []string, at scenarios.Path) {
	for _, one := range there {
		if name == one {
			return
		}
	}
	if name != "" && !v.Report.Full() {
		v.Problem(at, fmt.Sprintf("there is no %s %s", what, source.QuoteShort(name)), source.DidYouMean(name, there, what+"s"))
	}
}
