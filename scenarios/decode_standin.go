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
