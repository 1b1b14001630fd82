package objects

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/topology"
)

// end is one end of a flow: a pod of the run's namespace by its labels, a pod of another namespace, a machine of the cluster, or an address outside.
type end struct {
	labels  map[string]string
	foreign bool
	address string
}

var (
	// theirs is a pod of a team's, whose Service a run calls; server is where the API server answers; wide is somewhere in the world.
	theirs = end{foreign: true, address: "10.244.1.9"}
	server = end{address: "172.16.0.1"}
	wide   = end{address: "203.0.113.7"}
)

// network is how a network takes what the standard leaves open: whether blocks of addresses mean the cluster's own pods and machines, too.
type network struct{ blocksAreAll bool }

func (n network) peer(p kinds.NetworkPeer, e end) bool {
	switch {
	case p.PodSelector != nil:
		return p.NamespaceSelector == nil && e.labels != nil && selects(*p.PodSelector, e.labels)
	case p.IPBlock == nil || e.labels != nil && !n.blocksAreAll:
		return false
	}
	if at, err := netip.ParseAddr(e.address); err == nil {
		inCluster := e.foreign || e.address == server.address
		return netip.MustParsePrefix(p.IPBlock.CIDR).Contains(at) && (n.blocksAreAll || !inCluster)
	}
	return p.IPBlock.CIDR == "0.0.0.0/0" // a pod's address is known to its cluster alone
}

func (n network) peers(all []kinds.NetworkPeer, e end) bool {
	return len(all) == 0 || slices.ContainsFunc(all, func(p kinds.NetworkPeer) bool { return n.peer(p, e) })
}

func ported(all []kinds.NetworkPolicyPort, port int) bool {
	return len(all) == 0 || slices.ContainsFunc(all, func(p kinds.NetworkPolicyPort) bool {
		return p.Port == port && (p.Protocol == "" || p.Protocol == "TCP")
	})
}

// lets tells whether policies let one end speak to a port of another, as the standard says: where policies of a direction are about a pod, a rule of
// one of them has to; a rule without peers, or without ports, is of all.
func (n network) lets(policies []kinds.NetworkPolicy, from, to end, port int) bool {
	about := func(p kinds.NetworkPolicy, e end, direction string) bool {
		return e.labels != nil && selects(p.Spec.PodSelector, e.labels) && slices.Contains(p.Spec.PolicyTypes, direction)
	}
	in, out, held, kept := false, false, false, false
	for _, p := range policies {
		if about(p, to, "Ingress") {
			held = true
			for _, rule := range p.Spec.Ingress {
				in = in || n.peers(rule.From, from) && ported(rule.Ports, port)
			}
		}
		if about(p, from, "Egress") {
			kept = true
			for _, rule := range p.Spec.Egress {
				out = out || n.peers(rule.To, to) && ported(rule.Ports, port)
			}
		}
	}
	return (in || !held) && (out || !kept)
}

// selects tells that labels are chosen.
func selects(s kinds.LabelSelector, labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// flow is a way that a run takes through the cluster's network.
type flow struct {
	from, to end
	port     int
	what     string
}

// podsOf are the ends of a run's pods by their places, and of the others that speak with them.
func podsOf(set *Set) (pods map[string]end, generator, conductor end) {
	pods = map[string]end{}
	for _, p := range set.Pods {
		pods[p.Metadata.Labels[LabelInstance]] = end{labels: p.Metadata.Labels}
	}
	if set.Generators != nil {
		generator = end{labels: set.Generators.Spec.Template.Metadata.Labels}
	}
	return pods, generator, end{labels: map[string]string{JobLabel: ConductorJob("r"), LabelPart: PartConductor}}
}

// flowsOf are all that a run needs of the cluster's network. What the API server forwards and what kubelets ask comes from a pod's own machine, and agents
// and administrations answer within their pods: neither is a flow.
func flowsOf(p *topology.Plan, set *Set) (out []flow) {
	pods, generator, conductor := podsOf(set)
	l := set.Layout
	for _, e := range p.Edges {
		carrier := pods[l.Carrier[e.Name]]
		if e.Client {
			out = append(out, flow{generator, carrier, port(l.Listen[e.Name]), "the load over " + e.Name})
		}
		to := l.Place(e.To)
		switch {
		case to == nil:
			out = append(out, outwards(p, e, carrier)...)
		case !e.Client:
			number := to.Serves
			if to.Image() {
				number = cmp.Or(e.Port, number)
			}
			out = append(out, flow{carrier, pods[e.To], number, "edge " + e.Name})
		}
	}
	for _, one := range l.All() {
		out = append(out, flow{conductor, pods[one.Name], one.Mesh, "the conductor tells the mesh of " + one.Name})
		for _, d := range one.Detours {
			for usual, at := range d.Ports {
				out = append(out, flow{pods[one.Name], pods[one.Name], at, fmt.Sprintf("%s calls %s past its own port %d", one.Name, d.Node, usual)})
			}
		}
	}
	for _, one := range l.Reroutes {
		for _, who := range []end{theirs, wide, pods[l.Places[0].Name]} {
			if who.labels == nil {
				out = append(out, flow{who, pods[one.Name], one.Serves, "somebody calls what is rerouted to " + one.Name})
			}
		}
		out = append(out, flow{pods[one.Name], theirs, 8080, one.Name + " leads on"}, flow{pods[one.Name], server, 6443, "the guard of " + one.Name + " gives back"})
	}
	if set.Generators != nil {
		out = append(out, flow{conductor, generator, GeneratorPort, "the conductor tells generators"})
	}
	return out
}

// outwards are where an edge to an external node leads: an address, or, where that is said by name, anywhere; a Service is its pods.
func outwards(p *topology.Plan, e topology.Edge, carrier end) []flow {
	i, _ := p.Instance(e.To)
	x := i.Node.External
	if _, err := netip.ParseAddr(x.Host); err == nil {
		return []flow{{carrier, end{address: x.Host}, x.Port, "edge " + e.Name}}
	}
	if _, _, is, _ := ServiceOf(x.Host); is {
		return []flow{{carrier, theirs, 8080, "edge " + e.Name + ", to a Service"}}
	}
	return []flow{{carrier, wide, x.Port, "edge " + e.Name}, {carrier, end{address: "2001:db8::7"}, x.Port, "edge " + e.Name + ", by IPv6"}}
}

// A run's own policies let through every flow that it needs, as the narrowest network takes them.
func TestPoliciesLetARunThrough(t *testing.T) {
	t.Parallel()
	narrow, seen := network{}, map[string]int{}
	check := func(t *testing.T, p *topology.Plan, set *Set) {
		for _, f := range flowsOf(p, set) {
			if !narrow.lets(set.Policies, f.from, f.to, f.port) {
				t.Errorf("not let through: %s (port %d)", f.what, f.port)
			}
			kind, _, _ := strings.Cut(f.what, " ")
			seen[kind]++
		}
	}
	every(t, check)
	t.Run("reroute", func(t *testing.T) {
		p := plan(t, "testdata/reroute.yaml")
		set, err := Make(p, options("testdata/reroute.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		check(t, p, set)
	})
	for _, kind := range []string{"the", "edge", "web-1", "somebody", "reroute-cart"} { // load and conductor, edges, detours, reroutes
		if seen[kind] == 0 {
			t.Errorf("no flow of %q was looked at: %v", kind, seen)
		}
	}
}

// What no flow of the run needs is not let through between its pods, from strangers, or to the outside, as the widest network takes the policies.
func TestPoliciesLetNothingElseThrough(t *testing.T) {
	t.Parallel()
	every(t, func(t *testing.T, p *topology.Plan, set *Set) {
		open := network{blocksAreAll: true}
		pods, generator, conductor := podsOf(set)
		wanted := map[string]bool{} // between nodes: replicas are not told apart
		node := func(e end) string { return cmp.Or(e.labels[LabelNode], e.labels[LabelPart], e.address) }
		key := func(from, to end, port int) string { return fmt.Sprint(node(from), " ", node(to), " ", port) }
		anywhere := map[string]bool{}
		for _, f := range flowsOf(p, set) {
			wanted[key(f.from, f.to, f.port)] = true
			if to := set.Layout.Place(f.to.labels[LabelInstance]); to != nil && f.from.labels[LabelNode] != "" {
				for _, one := range to.served() { // who calls a node may call all of its ports
					wanted[key(f.from, f.to, one)] = true
				}
			}
			if f.to.labels == nil {
				anywhere[node(f.from)] = true
			}
		}
		stranger := end{labels: map[string]string{"app": "stranger"}}
		for _, to := range set.Layout.All() {
			ports := []int{to.Mesh, to.Agent, edgePort}
			if to.Instance.Node != nil {
				ports = append(append(ports, to.Admin), to.served()...)
			}
			for _, from := range append([]end{generator, stranger, theirs, wide}, ends(pods)...) {
				for _, number := range ports {
					if from.labels[LabelInstance] == to.Name || wanted[key(from, pods[to.Name], number)] {
						continue
					}
					if open.lets(set.Policies, from, pods[to.Name], number) {
						t.Errorf("%s may speak to %s at %d, and the plan does not say so", node(from), to.Name, number)
					}
				}
			}
		}
		for _, from := range append(ends(pods), generator) {
			for _, to := range []end{stranger, theirs, server, wide, conductor} {
				if !anywhere[node(from)] && open.lets(set.Policies, from, to, 6443) {
					t.Errorf("%s may speak to %+v, and the plan does not say so", node(from), to)
				}
			}
		}
	})
}

func ends(pods map[string]end) (out []end) {
	for _, e := range pods {
		out = append(out, e)
	}
	return out
}
