package scenarios

import (
	"fmt"
	"slices"
)

// reachesOr checks those that an origin or a route goes on to.
func (v *validator) reachesOr(f Failover, first string, at Path) {
	for i, name := range f.Failover {
		v.reaches(name, "failover", at.Key("failover").Item(i))
	}
	v.failover(f, first, at)
}

// failover checks a list of nodes that stand in for one.
func (v *validator) failover(f Failover, first string, at Path) {
	main := v.node(first)
	for i, name := range f.Failover {
		here := at.Key("failover").Item(i)
		n := v.node(name)
		switch {
		case name == first || slices.Contains(f.Failover[:i], name):
			v.problem(here, fmt.Sprintf("%q is asked already", name), "name another node")
		case n == nil || main == nil:
		case n.Kind == KindDatabase && main.Kind != KindDatabase: // told where it is named
		case n.Kind.takesMessages() != main.Kind.takesMessages():
			v.problem(here, fmt.Sprintf("%q is a %s, and %q is a %s: it can't answer the same", name, n.Kind, first, main.Kind), "name a "+string(main.Kind)+", or use a fallback")
		}
	}
}

// elsewhere tells whether every node of a failover answers a request that the first one does.
func (v *validator) elsewhere(f Failover, method, target string) (ok bool, what, fix string) {
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
