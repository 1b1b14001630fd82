package scenarios

import (
	"maps"
	"net/http"
	"slices"
)

// validator checks what needs meaning: names that must exist, paths that somebody must answer,
// faults that must hit something. It works on whatever was decoded, so that mistakes of both
// sorts are told at once; what was not decoded is empty, and passes.
type validator struct {
	*Scenario
	report      *report
	root        *value // what was read, with variants and templates in
	connections []Connection
	byName      map[string]*Node
	everything  map[string]bool           // nodes and loads
	endpoints   map[string]*http.ServeMux // of built-in services, by node
	only        *Node                     // the one node that is looked at; nil: all
	asking      map[string]bool           // nodes whose failover is being followed
}

// newValidator looks at a scenario; root is the tree that it was decoded from.
func newValidator(s *Scenario, root *value, told *report) *validator {
	v := &validator{Scenario: s, root: root, report: told}
	v.index()
	return v
}

// with is a validator of the same scenario with one node changed, which is all that it looks at.
func (v *validator) with(node *Node, root *value) *validator {
	s := *v.Scenario
	s.Nodes, s.Changes = slices.Clone(v.Nodes), nil
	for i := range s.Nodes {
		if s.Nodes[i].Name == node.Name {
			s.Nodes[i] = node
		}
	}
	one := newValidator(&s, root, v.report)
	one.only, one.endpoints = node, maps.Clone(v.endpoints)
	return one
}

// validate looks at all of the scenario.
func (v *validator) validate() {
	v.names()
	v.nodes()
	v.links()
	v.calls()
	v.policies()
	v.cycles()
	v.loads()
	v.phases()
	v.expectations()
}

// changed looks at the one node that was changed: what it is, whom it calls, and how.
func (v *validator) changed() {
	v.nodes()
	v.calls()
	v.policies()
}

// index finds the scenario's names and connections.
func (v *validator) index() {
	v.connections = v.Connections()
	v.byName, v.everything = map[string]*Node{}, map[string]bool{}
	for _, n := range v.Nodes {
		v.byName[n.Name], v.everything[n.Name] = n, true
	}
	for _, l := range v.Loads {
		v.everything[l.Name] = true
	}
}

// looked are the nodes that are looked at.
func (v *validator) looked() []*Node {
	if v.only != nil {
		return []*Node{v.only}
	}
	return v.Nodes
}

// valueAt is what stands at a path; nil if nothing does.
func (v *validator) valueAt(path Path) *value { return valueAt(v.root, path) }

// problem reports a mistake at a path of the scenario.
func (v *validator) problem(path Path, what, fix string) {
	v.report.problemAt(placeAt(v.root, path), what, fix)
}

func (v *validator) node(name string) *Node { return v.byName[name] }

// nodeNames lists the nodes, for whoever named one that isn't there.
func (v *validator) nodeNames() []string {
	names := make([]string, len(v.Nodes))
	for i, n := range v.Nodes {
		names[i] = n.Name
	}
	return names
}
