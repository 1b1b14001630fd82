package check

import "github.com/squallhq/squall/scenarios/topology"

// All looks at all of the scenario.
func (v *Checker) All() {
	v.named()
	v.tell(v.who.Taken())
	v.nodes()
	v.links()
	v.nowhere()
	v.tell(v.who.Portless())
	v.calls()
	v.policies()
	v.order()
	v.tell(topology.Cycles(v.Nodes, v.Waits()))
	v.loads()
	v.phases()
	v.conditions()
	v.hooks()
	v.alerts()
	v.expectations()
}

// Changed looks at the one node that was changed: what it is, whom it calls, and how.
func (v *Checker) Changed() {
	v.nodes()
	v.nowhere()
	v.calls()
	v.policies()
}
