package docker

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/names"
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
	// resolves: an image whose lookups faults change, so that it asks the mesh and not the engine.
	resolves bool
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

// newLayout gives every instance its networks and every edge its address. take gives free subnets.
func newLayout(plan *topology.Plan, take func() (subnet, error)) (*layout, error) {
	control, err := take()
	if err != nil {
		return nil, err
	}
	l := &layout{control: control, listen: map[string]string{}, callers: map[string]string{}}
	byName := map[string]*place{}
	for _, i := range plan.Instances {
		p := &place{instance: i, port: i.Node.ServingPort(), admin: 9090}
		byName[i.Name] = p
		if i.Node.External != nil {
			continue // the mesh alone goes there
		}
		if p.port == p.admin {
			p.admin++
		}
		if _, err := p.link(0, take); err != nil {
			return nil, err
		}
		l.places = append(l.places, p)
	}
	for _, caller := range plan.LookedUpBy() {
		byName[caller].resolves = byName[caller].image()
	}
	for _, e := range plan.Edges {
		if err := l.addEdge(plan, e, byName, take); err != nil {
			return nil, fmt.Errorf("place edge %s: %w", e.Name, err)
		}
	}
	return l, nil
}

// otherName is the host of an external node, by which an image knows it, where that is a name.
func (p *place) otherName() string {
	e := p.instance.Node.External
	if e == nil || e.Host == p.instance.Node.Name {
		return ""
	}
	if _, err := netip.ParseAddr(e.Host); err == nil {
		return ""
	}
	return e.Host
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

func (l *layout) addEdge(plan *topology.Plan, e topology.Edge, places map[string]*place, take func() (subnet, error)) error {
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
		return caller.addToGroup(e, callee.otherName(), cmp.Or(e.Port, callee.port), portsOf(plan, e.From, e.ToNode, callee.port), take)
	}
	l.listen[e.Name] = at(caller.links[0].subnet.mesh(), edgePort+caller.out)
	caller.out++
	return nil
}

// addToGroup lets an image reach a node by its name on its usual ports: all its replicas in turn.
// Each address of the mesh has a port once, so upstreams with the same port are on networks of their own; all ports of one
// upstream are on the same, since its name is one address. host is another name that it goes by, "" for none.
func (p *place) addToGroup(e topology.Edge, host string, port int, all []int, take func() (subnet, error)) error {
	for n := 0; ; n++ {
		l, err := p.link(n, take)
		if err != nil {
			return err
		}
		if hasAlias(l, e.ToNode) {
			p.group(at(l.subnet.mesh(), port), e.Name)
			return nil
		}
		if slices.ContainsFunc(all, func(port int) bool { return l.ports[port] }) {
			continue
		}
		for _, port := range all {
			l.ports[port] = true
		}
		l.aliases = append(l.aliases, e.ToNode)
		if host != "" {
			l.aliases = append(l.aliases, host)
		}
		p.group(at(l.subnet.mesh(), port), e.Name)
		return nil
	}
}

// group adds an edge to those that are called at an address.
func (p *place) group(listen, edge string) {
	for i := range p.groups {
		if p.groups[i].Listen == listen {
			p.groups[i].Edges = append(p.groups[i].Edges, edge)
			return
		}
	}
	p.groups = append(p.groups, mesh.Group{Listen: listen, Edges: []string{edge}})
}

// portsOf are the ports on which a caller reaches a node.
func portsOf(plan *topology.Plan, from, toNode string, first int) []int {
	var out []int
	for _, e := range plan.EdgesFrom(from) {
		if port := cmp.Or(e.Port, first); e.ToNode == toNode && !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out
}

func hasAlias(l *link, name string) bool { return slices.Contains(l.aliases, name) }

// An image finds its upstreams by names that the mesh has as aliases: the engine's own resolver, at 127.0.0.11 in each container, knows
// those. Where the plan has a fault of lookups the mesh has no aliases on that image's networks; then the engine's resolver asks the
// server that the container names, which is the mesh.

// aliases are the names by which the engine knows the mesh on a link.
func (p *place) aliases(l *link) []string {
	if p.resolves {
		return nil
	}
	return l.aliases
}

// resolver is where the place's lookups are answered.
func (p *place) resolver() string { return at(p.links[0].subnet.mesh(), 53) }

// names are its upstreams: the mesh, on the network of each. Old is an address of the same network that nobody has.
func (p *place) names() map[string]names.Entry {
	out := map[string]names.Entry{}
	for _, l := range p.links {
		for _, name := range l.aliases {
			out[name] = names.Entry{Address: l.subnet.mesh(), Old: l.subnet.nobody()}
		}
	}
	return out
}
