package topology

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// faults resolves every fault of every phase.
func (b *builder) faults() {
	for i, phase := range b.Scenario.Phases {
		for j, f := range phase.Faults {
			at := scenarios.At("phases").Item(i).Key("faults").Item(j)
			if f.Kind == nil {
				b.problem(at, "", "a fault has no kind")
				continue
			}
			if err := f.Kind.Validate(); err != nil {
				b.problem(at, "", "%v", err)
				continue
			}
			start, end, ok := b.times(at, b.Phases[i], f)
			targets, found := b.targets(at, phase.Name, f)
			if !ok || !found {
				continue
			}
			if dead := b.unreached(targets); len(dead) > 0 && len(dead) == reachable(targets) {
				b.problem(at, "let a load or a reached node call it", "%s on %s would meet no traffic: no load ever reaches %s", f.Kind, f.On, some(dead))
				continue
			}
			b.Faults = append(b.Faults, ResolvedFault{
				Fault: f, Phase: phase.Name, Start: start, End: end,
				Targets: targets, Primitives: f.Kind.Compile(targets), Path: at,
			})
			b.places = append(b.places, at)
		}
	}
}

// times is when a fault begins and ends.
func (b *builder) times(at scenarios.Path, phase Span, f faults.Fault) (start, end time.Duration, ok bool) {
	length := phase.End - phase.Start
	lasts := f.For
	if own, is := f.Kind.(faults.Lasting); is {
		if d, key := own.Lasts(); d > 0 {
			if lasts > 0 && lasts != d {
				b.problem(at, "keep one of them", "for is %s and %s is %s", lasts, key, d)
			}
			lasts = d
		}
	}
	if lasts == 0 {
		lasts = length - f.At
		if f.Stays() {
			lasts = b.Total - phase.Start - f.At
		}
	}
	start, end = phase.Start+f.At, phase.Start+f.At+lasts
	switch {
	case f.At < 0 || lasts < 0 && f.At < length:
		b.problem(at, "use 0s or more", "a fault's times can't be negative")
	case f.At >= length:
		b.problem(at, fmt.Sprintf("use less than %s", length), "it begins at %s, when phase %q is over", f.At, phase.Name)
	case end > b.Total:
		b.problem(at, "make it shorter, or a phase longer", "it ends %s after the run", end-b.Total)
	default:
		return start, end, true
	}
	return 0, 0, false
}

// targets resolves what a fault hits; nothing is a problem.
func (b *builder) targets(at scenarios.Path, phase string, f faults.Fault) (faults.Targets, bool) {
	s := &selection{builder: b, draw: []string{phase, f.Kind.Kind(), f.Name}}
	targets, why, fix := s.targets(f)
	if len(s.unknown) > 0 {
		b.problem(at, b.choices(), "no node, instance or load is named %q", strings.Join(s.unknown, `", "`))
		return targets, false
	}
	if s.portless.What != "" {
		b.problem(at, s.portless.Fix, "%s", s.portless.What)
		return targets, false
	}
	if len(s.nested) > 0 {
		b.problem(at, "name nodes there", "%s is a connection, where one end of a connection is selected", strings.Join(s.nested, ", "))
		return targets, false
	}
	if why != "" {
		b.problem(at, fix, "%s", why)
		return targets, false
	}
	if checker, ok := f.Kind.(faults.Checker); ok {
		if err := checker.Check(targets); err != nil {
			b.problem(at, "", "%v", err)
			return targets, false
		}
	}
	return targets, true
}

// targets is a fault's targets, or why there are none and what would be right.
func (s *selection) targets(f faults.Fault) (t faults.Targets, why, fix string) {
	if f.On.IsZero() {
		return t, fmt.Sprintf("%s has no target", f.Kind.Kind()), ""
	}
	if f.Kind.Scope() != faults.ScopeEdges && ported(f.On) {
		return t, fmt.Sprintf("%s is of nodes, not of a port of one: %s", f.Kind.Kind(), f.On), "take the port away"
	}
	switch f.Kind.Scope() {
	case faults.ScopeInstances:
		t, why = s.onInstances(f)
	case faults.ScopeAround:
		t, why = s.around(f)
	default:
		t.Edges = s.onEdges(f)
		if len(t.Edges)+len(s.unknown)+len(s.nested) == 0 {
			why, fix = fmt.Sprintf("the topology has no connection %s", f.On), s.turned(f)
		}
	}
	return t, why, fix
}

// turned says that a connection which is not there would be there the other way round.
func (s *selection) turned(f faults.Fault) string {
	if f.On.Edge == nil || f.On.Edge.Both {
		return ""
	}
	f.On.Edge = &faults.EdgeSelector{From: f.On.Edge.To, To: f.On.Edge.From}
	f.On.Edge.From.Port = ""
	if len(s.onEdges(f)) == 0 {
		return ""
	}
	return fmt.Sprintf("use %s: the caller comes first", f.On)
}

func (s *selection) onInstances(f faults.Fault) (t faults.Targets, why string) {
	if hasEdge(f.On) {
		return t, fmt.Sprintf("%s is on nodes, not on the connection %s", f.Kind.Kind(), f.On)
	}
	t = s.instancesOf(s.members(f.On))
	for _, name := range t.Instances {
		switch n := s.Instances[s.byName[name]].Node; {
		case n.Job != nil:
			return t, fmt.Sprintf("%s is on %q, a job, which has ended before the first phase", f.Kind.Kind(), n.Name)
		case n.External != nil:
			return t, fmt.Sprintf("%s is on %q, which is external: squall did not start it and must not touch it; faults on its connections are possible, as in refuse: NODE -> %s", f.Kind.Kind(), n.Name, n.Name)
		}
	}
	if len(t.Instances) == 0 && len(s.unknown) == 0 {
		return t, fmt.Sprintf("%s is on nodes, and no node is %s", f.Kind.Kind(), f.On)
	}
	return t, ""
}

// around is every edge into and out of the selected, those between two of them included.
func (s *selection) around(f faults.Fault) (t faults.Targets, why string) {
	if hasEdge(f.On) {
		return t, fmt.Sprintf("%s is of nodes, not of the connection %s: use partition, or blackhole", f.Kind.Kind(), f.On)
	}
	inside := s.members(f.On)
	t = s.instancesOf(inside)
	for _, e := range s.Edges {
		if s.calls(inside, e) || inside.instances[s.byName[e.To]] {
			t.Edges = append(t.Edges, e.Name)
		}
	}
	if len(t.Edges) == 0 && len(s.unknown) == 0 {
		why = fmt.Sprintf("no connection goes into or out of %s", f.On)
	}
	return t, why
}

// onEdges is the selected edges; of a selection of nodes those into them, of a load those out of it.
func (s *selection) onEdges(f faults.Fault) []string {
	entry, _ := faults.Lookup(f.Kind.Kind())
	taken := map[string]bool{}
	s.collect(f.On, entry.Selection == faults.SelectBetween, taken)
	var out []string
	for _, e := range s.Edges {
		if taken[e.Name] {
			out = append(out, e.Name)
		}
	}
	return out
}

// collect takes the edges of one selector. Apart tells that the two sides are to be cut from each
// other: what is on both of them counts as the first, so that no edge inside a side is hit.
func (s *selection) collect(sel faults.Selector, apart bool, taken map[string]bool) {
	var edges []string
	switch {
	case sel.Edge != nil:
		from, to := s.members(sel.Edge.From), s.members(sel.Edge.To)
		if sel.Share > 0 { // of edges: of the callees' instances
			to = s.share(to, sel)
		}
		if apart {
			to = to.without(from)
		}
		edges = s.between(from, to, sel.Edge.Both)
	case len(sel.Any) > 0 && hasEdge(sel):
		for _, one := range sel.Any {
			s.collect(one, apart, taken)
		}
	default:
		selected := s.members(sel)
		for _, e := range s.Edges {
			if selected.takes(s.byName[e.To], e.Port) || e.Client && selected.loads[e.From] {
				edges = append(edges, e.Name)
			}
		}
	}
	for _, name := range edges {
		taken[name] = true
	}
}

// hasEdge tells whether a selector, or one in its union, is of connections.
func hasEdge(sel faults.Selector) bool {
	if sel.Edge != nil {
		return true
	}
	for _, one := range sel.Any {
		if hasEdge(one) {
			return true
		}
	}
	return false
}

// ported tells whether a selector without edges, or one in its union, has a port.
func ported(sel faults.Selector) bool {
	return sel.Port != "" || slices.ContainsFunc(sel.Any, ported)
}

// instancesOf are a set's instances in the plan's order, with their nodes.
func (s *selection) instancesOf(in set) faults.Targets {
	var t faults.Targets
	for i, instance := range s.Instances {
		if in.instances[i] {
			t.Instances = append(t.Instances, instance.Name)
			t.Nodes = append(t.Nodes, targetOf(instance.Node))
		}
	}
	return t
}

// targetOf is what kinds of faults ask of a node.
func targetOf(n *scenarios.Node) faults.Node {
	t := faults.Node{Name: n.Name, Kind: string(n.Kind), Image: n.Image, CPUs: n.CPUs, ReplicaOf: n.ReplicaOf, Retains: n.Retain > 0}
	if c := n.Certificate; c != nil {
		t.Certificate, t.Reloads = true, len(c.Reload) > 0
	}
	for _, s := range n.Subscribers {
		t.Subscribers = append(t.Subscribers, s.Name)
	}
	for _, v := range n.Volumes {
		t.Volumes = append(t.Volumes, faults.Volume{Target: v.Target, Size: v.Size, ReadOnly: v.ReadOnly})
	}
	return t
}

// unreached are the targets that no traffic can get to.
func (b *builder) unreached(t faults.Targets) []string {
	var dead []string
	for _, name := range t.Edges {
		if e := b.Edges[b.byEdge[name]]; !e.Client && !b.hit[e.FromNode] {
			dead = append(dead, name)
		}
	}
	if len(t.Edges) == 0 {
		for _, name := range t.Instances {
			if !b.hit[b.Instances[b.byName[name]].Node.Name] {
				dead = append(dead, name)
			}
		}
	}
	return dead
}

// reachable is how many targets unreached looks at.
func reachable(t faults.Targets) int {
	if len(t.Edges) > 0 {
		return len(t.Edges)
	}
	return len(t.Instances)
}

// some names a few of many.
func some(names []string) string {
	const most = 4
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
