package language

import (
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// WithStandIns is the scenario as engines run it that run no images: every node that has a stand-in is that
// instead, in the same place; what the engine has all the same stays. Without any it is the document itself.
func (doc *Document) WithStandIns(real scenarios.Reach) *Document {
	s := doc.Scenario.WithStandIns(real)
	if s == doc.Scenario {
		return doc
	}
	out := *doc
	out.standsIn = func(name string) bool {
		n := doc.Scenario.Node(name)
		return n != nil && n.StandIn != nil && !real.Has(n)
	}
	out.Scenario, out.root = s, standingIn(doc.root, out.standsIn)
	return &out
}

// standingIn is the scenario's tree with each stand-in in its node's place, so that its mistakes have positions.
func standingIn(root *source.Value, stands func(name string) bool) *source.Value {
	nodes := root.Get("topology")
	if nodes == nil || nodes.Kind != source.Mapping {
		return root
	}
	topology := *nodes
	topology.Entries = slices.Clone(nodes.Entries)
	for i, e := range topology.Entries {
		instead := e.Value.Get("stand_in")
		if instead == nil || instead.Kind != source.Mapping || !stands(e.Key) {
			continue
		}
		one := *instead
		one.Entries = slices.Clone(instead.Entries)
		for _, key := range grammar.Whole {
			if kept := e.Value.Entry(key); kept != nil {
				one.Entries = append(one.Entries, *kept)
			}
		}
		topology.Entries[i].Value = &one
	}
	out := *root
	out.Entries = slices.Clone(root.Entries)
	for i := range out.Entries {
		if out.Entries[i].Key == "topology" {
			out.Entries[i].Value = &topology
		}
	}
	return &out
}
