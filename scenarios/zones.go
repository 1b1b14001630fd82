package scenarios

import (
	"time"
)

// Cold is how an instance is after its start: its work and compute take Factor times as long, until For has passed.
type Cold struct {
	// How many times as long work and compute take.
	Factor float64 `yaml:"factor" need:"yes" sign:"positive" json:"factor"`
	// For how long after its start.
	For time.Duration `yaml:"for" need:"yes" sign:"positive" json:"for"`
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
