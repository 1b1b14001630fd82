package scenarios

// Connection is who connects to whom, node by node; each becomes an edge for every pair of instances.
type Connection struct {
	// From is a node's name, or a load's; To is a node's.
	From, To string
	// Port is the one of To that it is to, as it was named; "": To's first, or with Every all that To says.
	Port  string
	Every bool
	// Async tells that nobody waits for the answer: what a queue or a stream delivers, and what an outbox publishes.
	Async bool
	// Path is where the scenario first says so, for Position.
	Path Path
}

// FromLoad tells that From is a load's name.
func (c Connection) FromLoad() bool { return c.Path[0].Key == "load" }

// Connections lists every connection of the scenario in the file's order, nodes first, then what changes
// of them connect, and loads last, each pair once a port. To may name a node that isn't there, in a scenario that was not parsed.
func (s *Scenario) Connections() []Connection {
	var list []Connection
	seen := map[[3]string]bool{}
	s.EachConnection(func(c Connection) {
		if pair := [3]string{c.From, c.To, c.Port}; !seen[pair] {
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
			more.Path = one.At.Join(more.Path[2:])
			c(more)
		}).node(one.Node)
	}
	for _, l := range s.Loads {
		if l.To != "" {
			c(Connection{From: l.Name, To: l.To, Port: l.ToPort, Path: At("load", l.Name, "to")})
		}
	}
}

// connections is who is told of each.
type connections func(Connection)

func (c connections) add(from, to string, async bool, path Path) {
	c.addPort(from, to, "", async, path)
}

// addPort adds one to a port of a node.
func (c connections) addPort(from, to, port string, async bool, path Path) {
	if to != "" {
		c(Connection{From: from, To: to, Port: port, Async: async, Path: path})
	}
}

// addCall adds the connection of a call; nil has none.
func (c connections) addCall(from string, call *Call, async bool, path Path) {
	if call != nil {
		c.addPort(from, call.Node, call.Port, async, path)
	}
}

func (c connections) node(n *Node) {
	at := At("topology", n.Name)
	c.addPort(n.Name, n.Origin, n.OriginPort, false, at.Key("origin"))
	c.failover(n.Name, n.Failover, at)
	for i, r := range n.Routes {
		c.addPort(n.Name, r.To, r.ToPort, false, at.Key("routes").Item(i).Key("to"))
		if r.Split != nil {
			c.add(n.Name, r.Split.To, false, at.Key("routes").Item(i).Key("split", "to"))
		}
		c.failover(n.Name, r.Failover, at.Key("routes").Item(i))
	}
	c.addCall(n.Name, n.Identity, false, at.Key("identity"))
	for i, text := range n.Calls {
		if to, port := CutPort(text); to != "" {
			c(Connection{From: n.Name, To: to, Port: port, Every: port == "", Path: at.Key("calls").Item(i)})
		}
	}
	c.add(n.Name, n.ReplicaOf, true, at.Key("replica_of"))
	c.addCall(n.Name, n.To, true, at.Key("to"))
	for _, s := range n.Subscribers {
		c.addCall(n.Name, s.To, true, at.Key("subscribers", s.Name, "to"))
	}
	n.EachStep(func(s *Step, path Path) {
		for _, use := range s.Uses() {
			if use.Call != nil {
				c.addCall(n.Name, use.Call, false, path.Join(use.Keys))
				continue
			}
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
	How  string // call, read, write, query, get, set, pop, publish or cache
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
	if s.SQL != "" {
		out = append(out, Use{s.SQL, "query", nil, At("sql")})
	}
	if s.Get != "" {
		out = append(out, Use{s.Get, "get", nil, At("get")})
	}
	if s.Set != "" {
		out = append(out, Use{s.Set, "set", nil, At("set")})
	}
	if s.Pop.Pop != "" {
		out = append(out, Use{s.Pop.Pop, "pop", nil, At("pop")})
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
