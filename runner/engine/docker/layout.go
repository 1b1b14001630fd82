package docker

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

const (
	// edgePort is the first port that edges listen on, in each network anew; below the mesh's ephemeral ports.
	edgePort = 20000
	// controlPort is the mesh's control API on the control network, apiPort toxiproxy's API inside the mesh container.
	controlPort = 7070
	apiPort     = 8474
)

// layout is where everything of a run is: every network, address and port, known before anything is made.
type layout struct {
	control subnet
	places  []*place
	// listen is where an edge's caller finds it, by edge: a load's on the control network, empty for an image, which knows
	// names alone. callers are the instances that call over an edge.
	listen, callers map[string]string
	// clients counts the loads' edges.
	clients int
}

// place is where one instance is.
type place struct {
	instance topology.Instance
	// links are its networks; all but the first are there because two upstreams have the same port.
	links []*link
	// port is where it serves, admin a built-in node's second port.
	port, admin int
	// out counts the edges that it calls over, groups are the addresses that an image calls.
	out    int
	groups []mesh.Group
}

// link is a network with the mesh and one instance on it.
type link struct {
	subnet subnet
	// aliases are the names that the mesh answers to on it.
	aliases []string
	ports   map[int]bool
}

// image tells whether somebody else's image runs in place of a built-in role.
func (p *place) image() bool { return p.instance.Node.Image != "" }

func (p *place) name() string { return p.instance.Name }

// address is where the instance serves.
func (p *place) address() string { return at(p.links[0].subnet.node(), p.port) }

func (p *place) adminAddress() string { return at(p.links[0].subnet.node(), p.admin) }

func at(a netip.Addr, port int) string { return netip.AddrPortFrom(a, uint16(port)).String() }

// servingPort is where a node serves: as the scenario says, else as the part that its image is, else a database's 5432, else 8080.
func servingPort(n *scenarios.Node) int {
	if part, known := n.Real(); known {
		return cmp.Or(n.Port, part.Port)
	}
	if n.Kind == scenarios.KindDatabase {
		return cmp.Or(n.Port, 5432)
	}
	return cmp.Or(n.Port, 8080)
}

// newLayout gives every instance its networks and every edge its address. take gives free subnets.
func newLayout(plan *topology.Plan, take func() (subnet, error)) (*layout, error) {
	control, err := take()
	if err != nil {
		return nil, err
	}
	l := &layout{control: control, listen: map[string]string{}, callers: map[string]string{}}
	byName := map[string]*place{}
	for _, i := range plan.Instances {
		p := &place{instance: i, port: servingPort(i.Node), admin: 9090}
		if p.port == p.admin {
			p.admin++
		}
		if _, err := p.link(0, take); err != nil {
			return nil, err
		}
		l.places = append(l.places, p)
		byName[i.Name] = p
	}
	for _, e := range plan.Edges {
		if err := l.addEdge(e, byName, take); err != nil {
			return nil, fmt.Errorf("place edge %s: %w", e.Name, err)
		}
	}
	return l, nil
}

// link gives the place's n-th network and makes it where it is not there yet.
func (p *place) link(n int, take func() (subnet, error)) (*link, error) {
	for len(p.links) <= n {
		s, err := take()
		if err != nil {
			return nil, err
		}
		p.links = append(p.links, &link{subnet: s, ports: map[int]bool{}})
	}
	return p.links[n], nil
}

func (l *layout) addEdge(e topology.Edge, places map[string]*place, take func() (subnet, error)) error {
	callee, known := places[e.To]
	if !known {
		return fmt.Errorf("the plan has no instance %q", e.To)
	}
	if e.Client {
		l.listen[e.Name] = at(l.control.mesh(), edgePort+l.clients)
		l.clients++
		return nil
	}
	caller, known := places[e.From]
	if !known {
		return fmt.Errorf("the plan has no instance %q", e.From)
	}
	l.callers[e.Name] = e.From
	if caller.image() {
		l.listen[e.Name] = ""
		return caller.addToGroup(e, callee.port, take)
	}
	l.listen[e.Name] = at(caller.links[0].subnet.mesh(), edgePort+caller.out)
	caller.out++
	return nil
}

// addToGroup lets an image reach a node by its name on its usual port: all its replicas in turn.
// Each address of the mesh has a port once, so upstreams with the same port are on networks of their own.
func (p *place) addToGroup(e topology.Edge, port int, take func() (subnet, error)) error {
	for n := 0; ; n++ {
		l, err := p.link(n, take)
		if err != nil {
			return err
		}
		listen := at(l.subnet.mesh(), port)
		for i := range p.groups {
			if p.groups[i].Listen == listen && hasAlias(l, e.ToNode) {
				p.groups[i].Edges = append(p.groups[i].Edges, e.Name)
				return nil
			}
		}
		if l.ports[port] {
			continue
		}
		l.ports[port] = true
		l.aliases = append(l.aliases, e.ToNode)
		p.groups = append(p.groups, mesh.Group{Listen: listen, Edges: []string{e.Name}})
		return nil
	}
}

func hasAlias(l *link, name string) bool {
	for _, a := range l.aliases {
		if a == name {
			return true
		}
	}
	return false
}
