// Package check finds what is wrong with a scenario that its types can't say: names that are nobody's, requests that
// nobody answers, faults that hit nothing, keys that do not go together. A file a subject.
package check

import (
	"maps"
	"net/http"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

// Checker checks what needs meaning: names that must exist, paths that somebody must answer,
// faults that must hit something. It works on whatever was decoded, so that mistakes of both
// sorts are told at once; what was not decoded is empty, and passes.
type Checker struct {
	// StandsIn tells a node in whose place what stands in for it is looked at; nil: none is.
	StandsIn func(node string) bool
	*scenarios.Scenario
	Report      *source.Report
	Root        *source.Value // what was read, with variants and templates in
	connections []scenarios.Connection
	who         *topology.Names
	everything  map[string]bool           // nodes and loads
	endpoints   map[string]*http.ServeMux // of built-in services, by node
	only        *scenarios.Node           // the one node that is looked at; nil: all
	asking      map[string]bool           // nodes whose failover is being followed
}

// New looks at a scenario; root is the tree that it was decoded from.
func New(s *scenarios.Scenario, root *source.Value, told *source.Report) *Checker {
	v := &Checker{Scenario: s, Root: root, Report: told}
	v.index()
	return v
}

// With is a validator of the same scenario with one node changed, which is all that it looks at.
func (v *Checker) With(node *scenarios.Node, root *source.Value) *Checker {
	s := *v.Scenario
	s.Nodes, s.Changes = slices.Clone(v.Nodes), nil
	for i := range s.Nodes {
		if s.Nodes[i].Name == node.Name {
			s.Nodes[i] = node
		}
	}
	one := New(&s, root, v.Report)
	one.only, one.endpoints = node, maps.Clone(v.endpoints)
	return one
}

// index finds the scenario's names and connections.
func (v *Checker) index() {
	v.connections = v.Connections()
	v.who, v.everything = topology.NamesOf(v.Scenario), map[string]bool{}
	for _, n := range v.Nodes {
		v.everything[n.Name] = true
	}
	for _, l := range v.Loads {
		v.everything[l.Name] = true
	}
}

// looked are the nodes that are looked at.
func (v *Checker) looked() []*scenarios.Node {
	if v.only != nil {
		return []*scenarios.Node{v.only}
	}
	return v.Nodes
}

// valueAt is what stands at a path; nil if nothing does.
func (v *Checker) valueAt(path scenarios.Path) *source.Value { return grammar.ValueAt(v.Root, path) }

// tell reports what the topology finds.
func (v *Checker) tell(problems topology.Problems) {
	for _, p := range problems {
		v.Problem(p.At, p.What, p.Fix)
	}
}

// Problem reports a mistake at a path of the scenario.
func (v *Checker) Problem(path scenarios.Path, what, fix string) {
	v.Report.ProblemAt(grammar.PlaceAt(v.Root, path), what, fix)
}

func (v *Checker) node(name string) *scenarios.Node { return v.who.Node(name) }

// nodeNames lists the nodes, for whoever named one that isn't there.
func (v *Checker) nodeNames() []string {
	names := make([]string, len(v.Nodes))
	for i, n := range v.Nodes {
		names[i] = n.Name
	}
	return names
}
