package objects

import "github.com/squallhq/squall/runner/engine/kubernetes/kinds"

// The labels by which machines are told apart.
const (
	hostLabel   = "kubernetes.io/hostname"
	zoneLabel   = "topology.kubernetes.io/zone"
	regionLabel = "topology.kubernetes.io/region"
)

// where says which machines a pod may be on: those of its zone and region, where the options want that, and rather not the one of another
// replica of its node.
func (m *maker) where(p *Place, s *kinds.PodSpec) {
	n := p.Instance.Node
	if m.Zones {
		s.NodeSelector = map[string]string{}
		for label, value := range map[string]string{zoneLabel: p.Instance.Zone(), regionLabel: n.Region} {
			if value != "" {
				s.NodeSelector[label] = value
			}
		}
	}
	if n.Replicas > 1 {
		s.TopologySpreadConstraints = []kinds.TopologySpread{{
			MaxSkew: 1, TopologyKey: hostLabel, WhenUnsatisfiable: "ScheduleAnyway",
			LabelSelector: &kinds.LabelSelector{MatchLabels: map[string]string{LabelRun: m.Run, LabelNode: n.Name}},
		}}
	}
}
