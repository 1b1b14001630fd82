package grammar

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// Whole are the keys that a stand-in leaves to its node: they are about the place, not about what is there.
var Whole = []string{"replicas", "region", "zone", "labels", "cpus", "memory", "depends_on"}

// standIn reads what takes an image's place on engines that run none: a node of a built-in kind, without name or place.
func (d *Decoder) standIn(v *source.Value, into *scenarios.Node) {
	if !d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Node]())) {
		return
	}
	for _, e := range v.Entries {
		switch {
		case e.Key == "image" || e.Key == "local" || e.Key == "stand_in":
			d.ProblemAt(e.At, fmt.Sprintf("a stand-in can't have %s", e.Key), "it is built in: give it a kind and what that does")
		case slices.Contains(Whole, e.Key):
			d.ProblemAt(e.At, fmt.Sprintf("a stand-in takes %s from its node", e.Key), "leave it out here")
		}
	}
	if into.Kind == scenarios.KindImage {
		d.Problem(v.Get("kind"), "a stand-in can't be an image", "use cdn, gateway, service, database, queue, stream or cache")
		into.Kind = ""
	}
	if into.Image == "" && into.Local == nil {
		d.kind(source.Entry{Key: "stand-in", At: v.At, Value: v}, into)
	}
}
