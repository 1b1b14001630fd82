package scenarios

// ZoneOf is the zone of a replica, counted from 1.
func (n *Node) ZoneOf(replica int) string {
	if len(n.Zones) == 0 {
		return n.Zone
	}
	return n.Zones[(replica-1)%len(n.Zones)]
}

// EveryZone is all zones that the node is in.
func (n *Node) EveryZone() []string {
	switch {
	case len(n.Zones) > 0:
		return n.Zones[:min(len(n.Zones), max(n.Replicas, 1))]
	case n.Zone != "":
		return []string{n.Zone}
	default:
		return nil
	}
}
