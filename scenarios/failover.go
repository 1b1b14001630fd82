package scenarios

import (
	"fmt"
	"slices"
)

// Failover names nodes that answer the same requests as the one that is called, in order: each is asked when those before it
// have failed for good, after their retries, or are not to be called: their breaker is open, or every replica is ejected.
// Its answer is whole, not degraded; a lesser one is what a fallback is for.
type Failover struct {
	Failover []string `yaml:"failover" json:"failover,omitempty" doc:"Other nodes that answer the same, in order: each is asked when those before it have failed for good, or their circuit breaker is open. Counted in squall_failovers_total; the answer names the node in Squall-Failover, and is not degraded."`
}

// reachesOr checks those that an origin or a route goes on to.
func (v *validator) reachesOr(f Failover, first string, at []any) {
	for i, name := range f.Failover {
		v.reaches(name, "failover", extend(at, "failover", i))
	}
	v.failover(f, first, at)
}

// failover checks a list of nodes that stand in for one.
func (v *validator) failover(f Failover, first string, at []any) {
	main := v.node(first)
	for i, name := range f.Failover {
		here := extend(at, "failover", i)
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

// first is the node that a step is about, "" for none.
func (s *Step) first() string {
	if s.Call != nil {
		return s.Call.Node
	}
	if s.Replica != "" {
		return s.Replica
	}
	return s.Read + s.Write
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
