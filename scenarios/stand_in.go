package scenarios

import "slices"

// WithStandIns is the scenario as engines run it that run no images: every node that has a stand-in is that
// instead, in the same place, and jobs, which prepare what is real, are left out. What the engine has all the same stays. Without any it is the
// scenario itself.
func (s *Scenario) WithStandIns(real Reach) *Scenario {
	stands := func(n *Node) bool { return n.StandIn != nil && !real.Has(n) }
	if !slices.ContainsFunc(s.Nodes, func(n *Node) bool { return stands(n) || n.Job != nil && !real.Has(n) }) {
		return s
	}
	out := *s
	out.Nodes = s.withoutJobs(real)
	for i, n := range out.Nodes {
		if !stands(n) {
			continue
		}
		one := *n.StandIn
		one.Name, one.Replicas, one.Region, one.Zone, one.Zones, one.Labels = n.Name, n.Replicas, n.Region, n.Zone, n.Zones, n.Labels
		one.CPUs, one.Memory, one.DependsOn = n.CPUs, n.Memory, n.DependsOn
		if others := n.OtherPorts(); len(others) > 0 { // what is called on any of them is the one that stands in
			one.Port, one.Ports = n.ServingPort(), append(others, n.Ports...)
		}
		if one.Kind == n.Kind && one.Setup == "" {
			one.Setup = n.Setup
		}
		out.Nodes[i] = &one
	}
	out.Loads = slices.Clone(s.Loads)
	for i, l := range s.Loads {
		if n := s.Node(l.To); n != nil && stands(n) && (l.TLS != nil || l.HTTP != "") {
			plain := *l // built-in nodes speak HTTP/1.1
			plain.TLS, plain.HTTP = nil, ""
			out.Loads[i] = &plain
		}
	}
	out.Follow() // stand-ins may be replicas of each other
	if s.Open != nil {
		out.Open = s.Open.WithStandIns(real)
	}
	return &out
}

// withoutJobs are the nodes but for those that are jobs and have no stand-in, whom nobody waits for then.
func (s *Scenario) withoutJobs(real Reach) []*Node {
	left := map[string]bool{}
	for _, n := range s.Nodes {
		left[n.Name] = n.Job != nil && n.StandIn == nil && !real.Has(n)
	}
	s.EachConnection(func(c Connection) { left[c.To] = false }) // a mistake, which is told
	var out []*Node
	for _, n := range s.Nodes {
		if left[n.Name] {
			continue
		}
		if slices.ContainsFunc(n.DependsOn, func(d Dependency) bool { return left[d.Node] }) {
			waits := *n
			waits.DependsOn = slices.DeleteFunc(slices.Clone(n.DependsOn), func(d Dependency) bool { return left[d.Node] })
			n = &waits
		}
		out = append(out, n)
	}
	return out
}
