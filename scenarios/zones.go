package scenarios

import (
	"fmt"
	"time"
)

// Cold is how an instance is after its start: its work and compute take Factor times as long, until For has passed.
type Cold struct {
	Factor float64       `yaml:"factor" need:"yes" sign:"positive" json:"factor" doc:"How many times as long work and compute take."`
	For    time.Duration `yaml:"for" need:"yes" sign:"positive" json:"for" doc:"For how long after its start."`
}

// ZoneOf is the zone of a replica, counted from 1.
func (n *Node) ZoneOf(replica int) string {
	if len(n.Zones) == 0 {
		return n.Zone
	}
	return n.Zones[(replica-1)%len(n.Zones)]
}

// EveryZone is all zones that the node is in.
func (n *Node) EveryZone() []string {
	switch {
	case len(n.Zones) > 0:
		return n.Zones[:min(len(n.Zones), max(n.Replicas, 1))]
	case n.Zone != "":
		return []string{n.Zone}
	default:
		return nil
	}
}

// zones checks that a node's replicas can be spread as it says.
func (v *validator) zones(n *Node) {
	at := path("topology", n.Name, "zones")
	switch {
	case len(n.Zones) > 0 && n.Zone != "":
		v.problem(at, fmt.Sprintf("%q has both zone and zones", n.Name), "keep zone for one, or zones to spread the replicas")
	case len(n.Zones) > max(n.Replicas, 1):
		v.problem(at, fmt.Sprintf("%q has %d zones and %d replicas", n.Name, len(n.Zones), max(n.Replicas, 1)), "add replicas, or take zones away")
	}
	if c := n.Cold; c != nil && c.Factor > 0 && c.Factor < 1 {
		v.problem(path("topology", n.Name, "cold", "factor"), fmt.Sprintf("a factor of %g is faster than usual", c.Factor), "use more than 1")
	}
}
