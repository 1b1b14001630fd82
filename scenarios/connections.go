package scenarios

// Connection is who connects to whom, node by node; each becomes an edge for every pair of instances.
type Connection struct {
	// From is a node's name, or a load's; To is a node's.
	From, To string
	// Async tells that nobody waits for the answer: what a queue or a stream delivers, and what an outbox publishes.
	Async bool
	// Path is where the scenario first says so, for Position.
	Path Path
}

// FromLoad tells that From is a load's name.
func (c Connection) FromLoad() bool { return c.Path[0].Key == "load" }

// Connections lists every connection of the scenario in the file's order, nodes first, then what changes
// of them connect, and loads last, each pair once. To may name a node that isn't there, in a scenario that was not parsed.
func (s *Scenario) Connections() []Connection {
	var list []Connection
	seen := map[[2]string]bool{}
	s.EachConnection(func(c Connection) {
		if pair := [2]string{c.From, c.To}; !seen[pair] {
			seen[pair] = true
			list = append(list, c)
		}
	})
	return list
}

// EachConnection visits every place of the scenario that says of a connection, in the order of Connections.
func (s *Scenario) EachConnection(visit func(Connection)) {
	c := connections(visit)
	for _, n := range s.Nodes {
		c.node(n)
	}
	for _, one := range s.Changes {
		connections(func(more Connection) {
			c.add(more.From, more.To, more.Async, one.At.Join(more.Path[2:]))
		}).node(one.Node)
	}
	for _, l := range s.Loads {
		c.add(l.Name, l.To, false, At("load", l.Name, "to"))
	}
}

// connections is who is told of each.
type connections func(Connection)

func (c connections) add(from, to string, async bool, path Path) {
	if to != "" {
		c(Connection{from, to, async, path})
	}
}

func (c connections) node(n *Node) {
	at := At("topology", n.Name)
	c.add(n.Name, n.Origin, false, at.Key("origin"))
	c.failover(n.Name, n.Failover, at)
	for i, r := range n.Routes {
		c.add(n.Name, r.To, false, at.Key("routes").Item(i).Key("to"))
		if r.Split != nil {
			c.add(n.Name, r.Split.To, false, at.Key("routes").Item(i).Key("split", "to"))
		}
		c.failover(n.Name, r.Failover, at.Key("routes").Item(i))
	}
	if n.Identity != nil {
		c.add(n.Name, n.Identity.Node, false, at.Key("identity"))
	}
	for i, to := range n.Calls {
		c.add(n.Name, to, false, at.Key("calls").Item(i))
	}
	c.add(n.Name, n.ReplicaOf, true, at.Key("replica_of"))
	if n.To != nil {
		c.add(n.Name, n.To.Node, true, at.Key("to"))
	}
	for _, s := range n.Subscribers {
		if s.To != nil {
			c.add(n.Name, s.To.Node, true, at.Key("subscribers", s.Name, "to"))
		}
	}
	n.EachStep(func(s *Step, path Path) {
		for _, use := range s.Uses() {
			c.add(n.Name, use.Node, use.How == "publish", path.Join(use.Keys))
		}
	})
}

// failover adds those that are asked when others have failed.
func (c connections) failover(from string, f Failover, at Path) {
	for i, to := range f.Failover {
		c.add(from, to, false, at.Key("failover").Item(i))
	}
}

// EachStep visits every step of every endpoint, parallel ones after the step that holds them,
// with its path in the scenario.
func (n *Node) EachStep(visit func(s *Step, path Path)) {
	var steps func(list []Step, path Path)
	steps = func(list []Step, path Path) {
		for i := range list {
			at := path.Item(i)
			visit(&list[i], at)
			steps(list[i].Parallel, at.Key("parallel"))
		}
	}
	for _, e := range n.Endpoints {
		steps(e.Steps, At("topology", n.Name, "endpoints", e.Match))
	}
}

// Use is one node that a step needs, and how.
type Use struct {
	Node string
	How  string // call, read, write, publish or cache
	Call *Call  // of a call
	Keys Path   // its path within the step
}

// Uses lists the nodes that a step needs, its fallback's last.
func (s *Step) Uses() []Use {
	var out []Use
	if s.Call != nil {
		out = append(out, Use{s.Call.Node, "call", s.Call, At("call")})
	}
	if s.Read != "" {
		out = append(out, Use{s.Read, "read", nil, At("read")})
	}
	if s.Replica != "" {
		out = append(out, Use{s.Replica, "read", nil, At("replica")})
	}
	if s.Cache != nil && s.Cache.In != "" {
		out = append(out, Use{s.Cache.In, "cache", nil, At("cache", "in")})
	}
	if s.Write != "" {
		out = append(out, Use{s.Write, "write", nil, At("write")})
	}
	if len(out) > 0 {
		out = out[0].orElse(s.Failover, out)
	}
	if s.Outbox.Outbox != "" {
		out = append(out, Use{s.Outbox.Outbox, "publish", nil, At("outbox")})
	}
	if f := s.Fallback; f != nil {
		if f.Write != "" {
			out = append(out, Use{f.Write, "write", nil, At("fallback", "write")})
		}
		if f.Call != nil {
			out = append(out, Use{f.Call.Node, "call", f.Call, At("fallback", "call")})
		}
	}
	return out
}

// orElse adds the nodes that are used in the same way where the first has failed.
func (u Use) orElse(f Failover, out []Use) []Use {
	for i, name := range f.Failover {
		other := Use{name, u.How, nil, At("failover").Item(i)}
		if u.Call != nil {
			other.Call = &Call{Node: name, Method: u.Call.Method, Path: u.Call.Path}
		}
		out = append(out, other)
	}
	return out
}

// Receivers are the subscribers of a stream at a node, or a queue's receiver as one of that node's name.
func (n *Node) Receivers(at string) (out []*Subscriber) {
	if n.To != nil && n.To.Node == at {
		out = append(out, &Subscriber{Name: n.To.Node, To: n.To, Workers: n.Workers, Redelivery: n.Redelivery})
	}
	for _, s := range n.Subscribers {
		if s.To != nil && s.To.Node == at {
			out = append(out, s)
		}
	}
	return out
}
