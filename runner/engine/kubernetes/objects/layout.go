package objects

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/names"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/topology"
)

// Layout is where everything of a run is, within its pods: all but the pods' own addresses, which the cluster gives.
type Layout struct {
	// Places are those of the instances, in the plan's order, but for external nodes.
	Places []*Place
	// Entry carries the loads' edges to external nodes, which have no pod; nil: there are none.
	Entry *Place
	// Reroutes carry the edges between external nodes, each those to one of them.
	Reroutes []*Place
	// Listen is where an edge listens in the pod that carries it, Carrier which place that is, by edge. Listen is empty where an image calls
	// over it, which knows names alone.
	Listen, Carrier map[string]string
}

// Place is where one instance is: a pod.
type Place struct {
	Instance topology.Instance
	// Name is the instance's, Pod what the pod is called.
	Name, Pod string
	// Serves is its first port, Admin a built-in node's second one, on the pod's loopback.
	Serves, Admin int
	// Mesh is where the mesh beside it is controlled, on the pod's address; Agent where it is, on the pod's loopback.
	Mesh, Agent int
	// Groups are the addresses that an image calls, each for a port of a node, and Aliases its names for them: of the pod's loopback, or, where
	// the image serves on the same port, those of services that lead back to the pod, which are not known before they are made.
	Groups  []mesh.Group
	Aliases []kinds.HostAlias
	Detours []*Detour
	// Resolves: an image whose lookups faults change, so that it asks the mesh for Names, and has no Aliases.
	Resolves bool
	Names    map[string]names.Entry
	// Moves: it may come up in another pod, on another machine, from where it calls over its edges here.
	Moves bool
	// Calls are the instances that it calls, Called those that call it, Entries the edges of loads into it.
	Calls, Called []string
	Entries       []string
	// Reroutes is the external node that requests of others to come here, in place of their Service; "": none. Service is that, Through the one by
	// which they go on, PortName what the Service calls the port where they come, where it calls it by a name.
	Reroutes, Service, Through, PortName string

	edges int
}

// Detour is how an image calls a node on a port on which it serves itself: a pod has each port once. A service has an address of its own, and
// leads from the usual port there to another one of the pod's.
type Detour struct {
	// Service is what it is called, Node whom it leads to, and Names what the image calls that.
	Service, Node string
	Names         []string
	// Ports are where the mesh listens, by the ports of the service.
	Ports map[int]int
}

const (
	// edgePort is the first port that edges listen on, in each pod anew.
	edgePort = 20000
	// meshPort, agentPort and adminPort are where the mesh, the agent and a built-in node's administration are, where the instance has
	// no use of its own for the number.
	meshPort  = 15070
	agentPort = 15071
	adminPort = 9090
)

// EntryName is the name of the place of loads' edges to external nodes.
const EntryName = "entry"

// Image tells whether somebody else's image runs in place of a built-in role.
func (p *Place) Image() bool { return p.Instance.Node != nil && p.Instance.Node.Image != "" }

// Place finds one by its instance's name; nil: there is none.
func (l *Layout) Place(name string) *Place {
	for _, p := range l.All() {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// All are all places, those without an instance the last.
func (l *Layout) All() []*Place {
	out := slices.Concat(l.Places, l.Reroutes)
	if l.Entry != nil {
		out = append(out, l.Entry)
	}
	return out
}

// newLayout gives every instance its ports and every edge its address.
func newLayout(plan *topology.Plan, rerouted map[string]kinds.Service, pod func(instance string) string) (*Layout, error) {
	l := &Layout{Listen: map[string]string{}, Carrier: map[string]string{}}
	byName, moves := map[string]*Place{}, plan.Moves()
	for _, i := range plan.Instances {
		p := &Place{Instance: i, Name: i.Name, Pod: pod(i.Name), Serves: i.Node.ServingPort(), Moves: moves && i.Node.Stays() == ""}
		byName[i.Name] = p
		if i.Node.External == nil {
			l.Places = append(l.Places, p)
		}
		p.ports()
	}
	for _, caller := range plan.LookedUpBy() {
		byName[caller].Resolves = byName[caller].Image()
	}
	for _, e := range plan.Edges {
		if byName[e.To] == nil || !e.Client && byName[e.From] == nil {
			return nil, fmt.Errorf("place edge %s: the plan lacks one of its ends", e.Name)
		}
		if !e.Client && byName[e.From].Instance.Node.External != nil {
			l.reroute(e, byName[e.To], rerouted, pod)
			continue
		}
		l.edge(plan, e, byName, pod)
	}
	return l, nil
}

// ports gives the place's own parts ports that the instance has no use for.
func (p *Place) ports() {
	taken := []int{p.Serves}
	for _, port := range append(p.Instance.Node.OtherPorts(), p.Instance.Node.Ports...) {
		taken = append(taken, port.Target)
	}
	free := func(from int) int {
		for slices.Contains(taken, from) {
			from++
		}
		taken = append(taken, from)
		return from
	}
	p.Admin, p.Mesh, p.Agent = free(adminPort), free(meshPort), free(agentPort)
}

// edge places an edge: in its caller's pod, so that nothing that becomes of its callee takes it away; a load's, whose callers are as many as
// its generators, in its callee's.
func (l *Layout) edge(plan *topology.Plan, e topology.Edge, places map[string]*Place, pod func(string) string) {
	callee := places[e.To]
	if e.Client {
		at := callee
		if callee.Instance.Node.External != nil {
			if l.Entry == nil {
				l.Entry = &Place{Name: EntryName, Pod: pod(EntryName), Mesh: meshPort, Agent: agentPort}
			}
			at = l.Entry
		}
		l.Carrier[e.Name], l.Listen[e.Name] = at.Name, ":"+strconv.Itoa(at.next())
		at.Entries = append(at.Entries, e.Name)
		return
	}
	caller := places[e.From]
	l.Carrier[e.Name] = caller.Name
	caller.Calls, callee.Called = with(caller.Calls, e.To), with(callee.Called, e.From)
	if caller.Image() {
		l.Listen[e.Name] = ""
		caller.addToGroup(plan, e, callee)
		return
	}
	port := caller.next()
	if l.Listen[e.Name] = loopback(1, port); caller.Moves {
		l.Listen[e.Name] = ":" + strconv.Itoa(port)
	}
}

func with[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// next is the port of one more edge.
func (p *Place) next() int {
	p.edges++
	return edgePort + p.edges - 1
}

// loopback is an address of a pod's own: all of 127.0.0.0/8 is.
func loopback(n, port int) string { return netip.AddrPortFrom(own(n), uint16(port)).String() }

func own(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, byte(n >> 8), byte(n)}) }

// addToGroup lets an image reach a node by its name on its usual ports: all its replicas in turn, at an address that is the name's alone.
func (p *Place) addToGroup(plan *topology.Plan, e topology.Edge, callee *Place) {
	usual := cmp.Or(e.Port, callee.Serves)
	listen := ""
	if p.inTheWay(plan, e.ToNode, callee.Serves) {
		listen = p.detour(e.ToNode, otherNames(callee.Instance), usual)
	} else {
		at := p.address(e.ToNode, otherNames(callee.Instance))
		listen = netip.AddrPortFrom(at, uint16(usual)).String()
	}
	for n := range p.Groups {
		if p.Groups[n].Listen == listen {
			p.Groups[n].Edges = append(p.Groups[n].Edges, e.Name)
			return
		}
	}
	p.Groups = append(p.Groups, mesh.Group{Listen: listen, Edges: []string{e.Name}})
}

// inTheWay tells that the image itself serves on a port of a node that it calls.
func (p *Place) inTheWay(plan *topology.Plan, node string, first int) bool {
	served := p.served()
	return slices.ContainsFunc(plan.EdgesFrom(p.Name), func(e topology.Edge) bool {
		return e.ToNode == node && slices.Contains(served, cmp.Or(e.Port, first))
	})
}

// detour is where the mesh listens for a port of a node that is reached by a service.
func (p *Place) detour(node string, others []string, usual int) string {
	at := slices.IndexFunc(p.Detours, func(d *Detour) bool { return d.Node == node })
	if at < 0 {
		d := &Detour{Service: viaName(p.Pod, node), Node: node, Names: append([]string{node}, others...), Ports: map[int]int{}}
		at, p.Detours = len(p.Detours), append(p.Detours, d)
	}
	ports := p.Detours[at].Ports
	if ports[usual] == 0 {
		ports[usual] = p.next()
	}
	return ":" + strconv.Itoa(ports[usual])
}

// viaName is what the service is called by which a pod calls a node: short, as services' names have to be.
func viaName(pod, node string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(pod + " " + node)) // never an error
	return fmt.Sprintf("squall-via-%016x", sum.Sum64())
}

// nobody is an address of every pod's loopback where nothing listens.
var nobody = netip.AddrFrom4([4]byte{127, 255, 255, 254})

// address is the one by which the place knows a node.
func (p *Place) address(node string, others []string) netip.Addr {
	for n, a := range p.Aliases {
		if a.Hostnames[0] == node {
			return own(n + 2)
		}
	}
	called := append([]string{node}, others...)
	at := own(len(p.Aliases) + 2) // 127.0.0.1 is the pod's own
	p.Aliases = append(p.Aliases, kinds.HostAlias{IP: at.String(), Hostnames: called})
	if p.Names == nil {
		p.Names = map[string]names.Entry{}
	}
	for _, name := range called {
		p.Names[name] = names.Entry{Address: at, Old: nobody}
	}
	return at
}
