package scenarios

// Follow counts each primary's replicas.
func (s *Scenario) Follow() {
	for _, n := range s.Nodes {
		n.Followers = 0
	}
	for _, n := range s.Nodes {
		if primary := s.Node(n.ReplicaOf); n.ReplicaOf != "" && primary != nil {
			primary.Followers += max(n.Replicas, 1)
			n.PrimaryLease = primary.Lease
		}
	}
}

// ReplicasOf are the nodes that copy a database.
func (s *Scenario) ReplicasOf(primary string) []*Node {
	var out []*Node
	for _, n := range s.Nodes {
		if n.ReplicaOf != "" && n.ReplicaOf == primary {
			out = append(out, n)
		}
	}
	return out
}
