package scenarios

import (
	"fmt"
	"reflect"
	"slices"
)

// whole are the keys that a stand-in leaves to its node: they are about the place, not about what is there.
var whole = []string{"replicas", "region", "zone", "labels", "cpus", "memory"}

// standIn reads what takes an image's place on engines that run none: a node of a built-in kind, without name or place.
func (d *decoder) standIn(v *value, into *Node) {
	if !d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[Node]())) {
		return
	}
	for _, e := range v.entries {
		switch {
		case e.key == "image" || e.key == "stand_in":
			d.problemAt(e.at, fmt.Sprintf("a stand-in can't have %s", e.key), "it is built in: give it a kind and what that does")
		case slices.Contains(whole, e.key):
			d.problemAt(e.at, fmt.Sprintf("a stand-in takes %s from its node", e.key), "leave it out here")
		}
	}
	if into.Kind == KindImage {
		d.problem(v.get("kind"), "a stand-in can't be an image", "use cdn, gateway, service, database, queue, stream or cache")
		into.Kind = ""
	}
	if into.Image == "" {
		d.kind(entry{key: "stand-in", at: v.at, value: v}, into)
	}
}

// WithStandIns is the scenario as engines run it that run no images: every node that has a stand-in is that
// instead, in the same place. Without any it is the scenario itself.
func (s *Scenario) WithStandIns() *Scenario {
	if !slices.ContainsFunc(s.Nodes, func(n *Node) bool { return n.StandIn != nil }) {
		return s
	}
	out := *s
	out.root = standingIn(s.root)
	out.Nodes = slices.Clone(s.Nodes)
	for i, n := range s.Nodes {
		if n.StandIn == nil {
			continue
		}
		one := *n.StandIn
		one.Name, one.Replicas, one.Region, one.Zone, one.Zones, one.Labels = n.Name, n.Replicas, n.Region, n.Zone, n.Zones, n.Labels
		one.CPUs, one.Memory = n.CPUs, n.Memory
		out.Nodes[i] = &one
	}
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
