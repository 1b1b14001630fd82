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
			if primary.Image != "" {
				n.PrimaryDSN = primary.Credentials().DSN()
			}
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

// ReadsReplicas tells that a step reads from replicas of the database that a node is, or is a replica of.
func (s *Scenario) ReadsReplicas(n *Node) (reads bool) {
	primary := n.Name
	if n.ReplicaOf != "" {
		primary = n.ReplicaOf
	}
	look := func(caller *Node) {
		caller.EachStep(func(step *Step, _ Path) { reads = reads || step.Replica != "" && step.Read == primary })
	}
	for _, caller := range s.Nodes {
		look(caller)
	}
	for _, changed := range s.Changes {
		look(changed.Node)
	}
	return reads
}
