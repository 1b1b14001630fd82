package faults

// outages puts one outage on each edge.
func outages(t Targets, o Outage) []Primitive {
	out := make([]Primitive, 0, len(t.Edges))
	for _, edge := range t.Edges {
		one := o
		out = append(out, Primitive{Op: OpOutage, Edge: edge, Outage: &one})
	}
	return out
}

// on puts one primitive of op on each instance.
func on(t Targets, p Primitive) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for _, instance := range t.Instances {
		p.Instance = instance
		out = append(out, p)
	}
	return out
}

// The connections that an outage is about.
const (
	connectionsAll  = "all"  // the default
	connectionsNew  = "new"  // only those made while it is on
	connectionsOpen = "open" // only those open when it begins
)

// only leaves one sort of connection as it is without a fault.
func (o Outage) only(connections string) Outage {
	switch connections {
	case connectionsNew:
		o.Open = OpenPass
	case connectionsOpen:
		o.New = NewPass
	}
	return o
}

func checkConnections(connections string) error {
	return checkWord("connections", connections, connectionsAll, connectionsNew, connectionsOpen)
}

// which names a narrowed choice of connections at the end of a fault's words.
func which(connections string) string {
	if connections == "" || connections == connectionsAll {
		return ""
	}
	return " for " + connections + " connections"
}
