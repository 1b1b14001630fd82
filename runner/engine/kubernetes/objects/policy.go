package objects

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// policies are who may speak with whom: the pods of a node with those of the nodes that it calls, generators with the entries, a conductor in the cluster
// with every mesh and every generator. Where the cluster's network enforces policies, nothing else gets through. What goes by way of the API server, and what
// kubelets ask, comes from a pod's own machine, which no policy keeps out. No pod of a run looks up a name outside of it: who is external was found by the conductor.
func (m *maker) policies() {
	byNode := map[string][]*Place{}
	for _, p := range m.set.Layout.Places {
		n := p.Instance.Node.Name
		byNode[n] = append(byNode[n], p)
	}
	for _, n := range m.plan.Scenario.Nodes {
		if places := byNode[n.Name]; len(places) > 0 {
			own := map[string]string{LabelPart: PartInstance, LabelNode: n.Name}
			m.set.Policies = append(m.set.Policies, m.policy(m.name(n.Name), own, places))
		}
	}
	for _, p := range m.set.Layout.Places {
		if len(p.Detours) > 0 {
			m.set.Policies = append(m.set.Policies, m.detourPolicy(p))
		}
	}
	if e := m.set.Layout.Entry; e != nil {
		m.set.Policies = append(m.set.Policies, m.policy(e.Pod, map[string]string{LabelPart: PartEntry}, []*Place{e}))
	}
	if m.Generators > 0 {
		m.set.Policies = append(m.set.Policies, m.generatorPolicy())
	}
}

// policy is that of a node's replicas.
func (m *maker) policy(name string, own map[string]string, places []*Place) kinds.NetworkPolicy {
	policy := m.policyOf(name, own)
	spec := &policy.Spec
	var meshes, entries []int
	var callers []string
	for _, p := range places {
		meshes = with(meshes, p.Mesh)
		for _, edge := range p.Entries {
			entries = with(entries, port(m.set.Layout.Listen[edge]))
		}
		for _, caller := range p.Called {
			i, _ := m.plan.Instance(caller)
			callers = with(callers, i.Node.Name)
		}
	}
	spec.Ingress = append(spec.Ingress, kinds.NetworkPolicyRule{From: []kinds.NetworkPeer{m.conductor()}, Ports: tcp(meshes...)})
	if len(callers) > 0 {
		spec.Ingress = append(spec.Ingress, kinds.NetworkPolicyRule{From: m.nodes(callers), Ports: tcp(places[0].served()...)})
	}
	if len(entries) > 0 {
		from := []kinds.NetworkPeer{m.conductor(), m.part(PartGenerator)}
		spec.Ingress = append(spec.Ingress, kinds.NetworkPolicyRule{From: from, Ports: tcp(entries...)})
	}
	spec.Egress = m.callees(places)
	if n := places[0].Instance.Node; n != nil {
		m.moves(n.Name, places, spec)
	}
	return policy
}

// policyOf is one for pods with some labels of the run's, which lets nothing through yet.
func (m *maker) policyOf(name string, own map[string]string) kinds.NetworkPolicy {
	return kinds.NetworkPolicy{
		TypeMeta: kinds.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}, Metadata: m.meta(name, own),
		Spec: kinds.NetworkPolicySpec{
			PodSelector: kinds.LabelSelector{MatchLabels: m.meta("", own).Labels}, PolicyTypes: []string{"Ingress", "Egress"},
		},
	}
}

// generatorPolicy is who may speak with generators: the conductor. They speak with whom the loads go to.
func (m *maker) generatorPolicy() kinds.NetworkPolicy {
	policy := m.policyOf(m.name(PartGenerator), map[string]string{LabelPart: PartGenerator})
	var nodes []string
	for _, p := range m.set.Layout.Places {
		if len(p.Entries) > 0 {
			nodes = with(nodes, p.Instance.Node.Name)
		}
	}
	to := m.nodes(nodes)
	if m.set.Layout.Entry != nil {
		to = append(to, m.part(PartEntry))
	}
	policy.Spec.Ingress = []kinds.NetworkPolicyRule{{From: []kinds.NetworkPeer{m.conductor()}, Ports: tcp(GeneratorPort)}}
	policy.Spec.Egress = egress(to)
	return policy
}

// part are the pods of the run that are for something.
func (m *maker) part(part string) kinds.NetworkPeer {
	return kinds.NetworkPeer{PodSelector: &kinds.LabelSelector{MatchLabels: map[string]string{LabelRun: m.Run, LabelPart: part}}}
}

// conductor is the pod of the run's conductor, where that is in the cluster: its job was there before the run, and the cluster puts its name on the pod.
func (m *maker) conductor() kinds.NetworkPeer {
	return kinds.NetworkPeer{PodSelector: &kinds.LabelSelector{MatchLabels: map[string]string{JobLabel: ConductorJob(m.Run)}}}
}

// nodes are the pods of nodes.
func (m *maker) nodes(names []string) (out []kinds.NetworkPeer) {
	for _, name := range sorted(names) {
		out = append(out, kinds.NetworkPeer{PodSelector: &kinds.LabelSelector{MatchLabels: map[string]string{LabelRun: m.Run, LabelNode: name}}})
	}
	return out
}

// callees are where pods go to. External nodes are somewhere: policies know addresses alone, so that one that is said by name is anywhere; the same is so of
// Services, which some networks know by their own address, others by their pods'. Anywhere is a rule with no peers: blocks of addresses mean no pods and no
// machines of the cluster to some networks, whatever is in them.
func (m *maker) callees(places []*Place) []kinds.NetworkEgressRules {
	var inside, outside []string
	anywhere := false
	add := func(name string) {
		i, _ := m.plan.Instance(name)
		e := i.Node.External
		if e == nil {
			inside = with(inside, i.Node.Name)
			return
		}
		at, err := netip.ParseAddr(e.Host)
		if err != nil {
			anywhere = true
			return
		}
		outside = with(outside, netip.PrefixFrom(at, at.BitLen()).String())
	}
	for _, p := range places {
		for _, name := range p.Calls {
			add(name)
		}
		for _, edge := range p.Entries {
			if e, _ := m.plan.Edge(edge); e.To != p.Name { // the entry's: it is not the callee itself
				add(e.To)
			}
		}
	}
	if anywhere {
		return []kinds.NetworkEgressRules{{}}
	}
	to := m.nodes(inside)
	for _, block := range outside {
		to = append(to, kinds.NetworkPeer{IPBlock: &kinds.IPBlock{CIDR: block}})
	}
	return egress(to)
}

// egress is a rule that lets pods go to these. None are nobody: a rule with no peers would be anywhere.
func egress(to []kinds.NetworkPeer) []kinds.NetworkEgressRules {
	if len(to) == 0 {
		return nil
	}
	return []kinds.NetworkEgressRules{{To: to}}
}

// detourPolicy lets a pod come back to itself by the services through which it calls past its own ports: to some networks that is a way from a pod to a pod.
func (m *maker) detourPolicy(p *Place) kinds.NetworkPolicy {
	policy := m.policyOf(p.Pod+"-self", labels(p))
	itself := []kinds.NetworkPeer{{PodSelector: &kinds.LabelSelector{MatchLabels: policy.Spec.PodSelector.MatchLabels}}}
	var ports []int
	for _, d := range p.Detours {
		for _, usual := range slices.Sorted(maps.Keys(d.Ports)) {
			ports = with(ports, d.Ports[usual])
		}
	}
	policy.Spec.Ingress = []kinds.NetworkPolicyRule{{From: itself, Ports: tcp(ports...)}}
	policy.Spec.Egress = []kinds.NetworkEgressRules{{To: itself, Ports: tcp(ports...)}}
	return policy
}

// served are the ports of an instance that others call.
func (p *Place) served() []int {
	out := []int{p.Serves}
	for _, one := range append(p.Instance.Node.OtherPorts(), p.Instance.Node.Ports...) {
		if p.Image() && !slices.Contains(out, one.Target) {
			out = append(out, one.Target)
		}
	}
	return out
}

func tcp(ports ...int) (out []kinds.NetworkPolicyPort) {
	for _, p := range ports {
		out = append(out, kinds.NetworkPolicyPort{Protocol: "TCP", Port: p})
	}
	return out
}
