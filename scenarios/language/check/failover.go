package check

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/scenarios"
)

// reachesOr checks those that an origin or a route goes on to.
func (v *Checker) reachesOr(f scenarios.Failover, first string, at scenarios.Path) {
	for i, name := range f.Failover {
		v.reaches(name, "failover", at.Key("failover").Item(i))
	}
	v.failover(f, first, at)
}

// failover checks a list of nodes that stand in for one.
func (v *Checker) failover(f scenarios.Failover, first string, at scenarios.Path) {
	main := v.node(first)
	for i, name := range f.Failover {
		here := at.Key("failover").Item(i)
		n := v.node(name)
		switch {
		case name == first || slices.Contains(f.Failover[:i], name):
			v.Problem(here, fmt.Sprintf("%q is asked already", name), "name another node")
		case n == nil || main == nil:
		case n.Kind == scenarios.KindDatabase && main.Kind != scenarios.KindDatabase: // told where it is named
		case n.Kind.TakesMessages() != main.Kind.TakesMessages():
			v.Problem(here, fmt.Sprintf("%q is a %s, and %q is a %s: it can't answer the same", name, n.Kind, first, main.Kind), "name a "+string(main.Kind)+", or use a fallback")
		}
	}
}

// elsewhere tells whether every node of a failover answers a request that the first one does.
func (v *Checker) elsewhere(f scenarios.Failover, method, target string) (ok bool, what, fix string) {
	for _, name := range f.Failover {
		if v.asking[name] { // a cycle is reported elsewhere
			continue
		}
		if v.asking == nil {
			v.asking = map[string]bool{}
		}
		v.asking[name] = true
		ok, what, fix := v.answered(name, method, target)
		delete(v.asking, name)
		if !ok {
			return false, fmt.Sprintf("failover to %q: %s", name, what), fix
		}
	}
	return true, "", ""
}
