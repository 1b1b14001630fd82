package objects

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// An instance whose machine is drained may come up on another one: in a pod like its own, which has the same labels and the same tokens. The edges over which it
// calls stay where they are, in its own pod, and so do the edges of loads into it: what is counted on them, and faults that are on them, go on.

// Elsewhere is the pod in which an instance comes up on another machine than one that is drained, the numberth that it has.
func (s *Set) Elsewhere(p *Place, number int64, drained string) (*Place, kinds.Pod, error) {
	at := slices.IndexFunc(s.Pods, func(one kinds.Pod) bool { return one.Metadata.Name == p.Pod })
	if at < 0 || !p.Moves {
		return nil, kinds.Pod{}, fmt.Errorf("it was launched without a way to it from another machine, since its plan has no machine_drain with elsewhere_after")
	}
	there := *p
	there.Pod = p.Pod + "-elsewhere-" + strconv.FormatInt(number, 10)
	pod := s.Pods[at]
	pod.Metadata.Name = there.Pod
	affinity := kinds.Affinity{}
	if pod.Spec.Affinity != nil {
		affinity = *pod.Spec.Affinity
	}
	affinity.NodeAffinity = &kinds.NodeAffinity{Required: &kinds.NodeSelector{Terms: []kinds.NodeSelectorTerm{{
		MatchFields: []kinds.NodeSelectorRequirement{{Key: "metadata.name", Operator: "NotIn", Values: []string{drained}}},
	}}}}
	pod.Spec.Affinity = &affinity
	return &there, pod, nil
}

// moves lets the pods of a node speak to each other, where an instance may be in another pod than its edges are.
func (m *maker) moves(name string, places []*Place, policy *kinds.NetworkPolicySpec) {
	var ports []int
	for _, p := range places {
		if !p.Moves {
			return
		}
		ports = with(ports, p.Serves)
		for _, e := range m.plan.EdgesFrom(p.Name) {
			ports = with(ports, port(m.set.Layout.Listen[e.Name]))
		}
	}
	own := m.nodes([]string{name})
	policy.Ingress = append(policy.Ingress, kinds.NetworkPolicyRule{From: own, Ports: tcp(ports...)})
	policy.Egress = append(policy.Egress, kinds.NetworkEgressRules{To: own})
}
