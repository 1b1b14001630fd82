package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// zones checks that a node's replicas can be spread as it says.
func (v *Checker) zones(n *scenarios.Node) {
	at := scenarios.At("topology", n.Name, "zones")
	switch {
	case len(n.Zones) > 0 && n.Zone != "":
		v.Problem(at, fmt.Sprintf("%q has both zone and zones", n.Name), "keep zone for one, or zones to spread the replicas")
	case len(n.Zones) > max(n.Replicas, 1):
		v.Problem(at, fmt.Sprintf("%q has %d zones and %d replicas", n.Name, len(n.Zones), max(n.Replicas, 1)), "add replicas, or take zones away")
	}
	if c := n.Cold; c != nil && c.Factor > 0 && c.Factor < 1 {
		v.Problem(scenarios.At("topology", n.Name, "cold", "factor"), fmt.Sprintf("a factor of %g is faster than usual", c.Factor), "use more than 1")
	}
}
