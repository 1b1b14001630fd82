package scenarios

import (
	"slices"
)

// WithStandIns is the scenario as engines run it that run no images: every node that has a stand-in is that
// instead, in the same place. Without any it is the document itself.
func (doc *Document) WithStandIns() *Document {
	s := doc.Scenario.WithStandIns()
	if s == doc.Scenario {
		return doc
	}
	out := *doc
	out.Scenario, out.root = s, standingIn(doc.root)
	return &out
}

// standingIn is the scenario's tree with each stand-in in its node's place, so that its mistakes have positions.
func standingIn(root *value) *value {
	nodes := root.get("topology")
	if nodes == nil || nodes.kind != mapping {
		return root
	}
	topology := *nodes
	topology.entries = slices.Clone(nodes.entries)
	for i, e := range topology.entries {
		instead := e.value.get("stand_in")
		if instead == nil || instead.kind != mapping {
			continue
		}
		one := *instead
		one.entries = slices.Clone(instead.entries)
		for _, key := range whole {
			if kept := e.value.entry(key); kept != nil {
				one.entries = append(one.entries, *kept)
			}
		}
		topology.entries[i].value = &one
	}
	out := *root
	out.entries = slices.Clone(root.entries)
	for i := range out.entries {
		if out.entries[i].key == "topology" {
			out.entries[i].value = &topology
		}
	}
	return &out
}
