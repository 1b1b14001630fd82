package scenarios

import "net/http"

// validator checks what needs meaning: names that must exist, paths that somebody must answer,
// faults that must hit something. It works on whatever was decoded, so that mistakes of both
// sorts are told at once; what was not decoded is empty, and passes.
type validator struct {
	*Scenario
	decoder     *decoder
	connections []Connection
	byName      map[string]*Node
	everything  map[string]bool           // nodes and loads
	endpoints   map[string]*http.ServeMux // of built-in services, by node
	only        *Node                     // the one node that is looked at; nil: all
	asking      map[string]bool           // nodes whose failover is being followed
}

func (v *validator) validate() {
	v.index()
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

// problem reports a mistake at a path of the scenario.
func (v *validator) problem(path []any, what, fix string) {
	v.decoder.problemAt(v.root.walk(path), what, fix)
}

func (v *validator) node(name string) *Node { return v.byName[name] }

// path is a path of the scenario, as in path("topology", "orders", "to").
func path(steps ...any) []any { return steps }

// nodeNames lists the nodes, for whoever named one that isn't there.
func (v *validator) nodeNames() []string {
	names := make([]string, len(v.Nodes))
	for i, n := range v.Nodes {
		names[i] = n.Name
	}
	return names
}
