package scenarios

import "slices"

// WithStandIns is the scenario as engines run it that run no images: every node that has a stand-in is that
// instead, in the same place. Without any it is the scenario itself.
func (s *Scenario) WithStandIns() *Scenario {
	if !slices.ContainsFunc(s.Nodes, func(n *Node) bool { return n.StandIn != nil }) {
		return s
	}
	out := *s
	out.Nodes = slices.Clone(s.Nodes)
	for i, n := range s.Nodes {
		if n.StandIn == nil {
			continue
		}
		one := *n.StandIn
		one.Name, one.Replicas, one.Region, one.Zone, one.Zones, one.Labels = n.Name, n.Replicas, n.Region, n.Zone, n.Zones, n.Labels
		one.CPUs, one.Memory = n.CPUs, n.Memory
		out.Nodes[i] = &one
	}
	out.Loads = slices.Clone(s.Loads)
	for i, l := range s.Loads {
		if n := s.Node(l.To); n != nil && n.StandIn != nil && (l.TLS != nil || l.HTTP != "") {
			plain := *l // built-in nodes speak HTTP/1.1
			plain.TLS, plain.HTTP = nil, ""
			out.Loads[i] = &plain
		}
	}
	if s.Open != nil {
		out.Open = s.Open.WithStandIns()
	}
	return &out
}
