package grammar

import (
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// ValueAt is what stands at a path in a tree; nil if nothing does.
func ValueAt(root *source.Value, path scenarios.Path) *source.Value {
	at := root
	for _, step := range path {
		switch {
		case !step.Item:
			at = at.Get(step.Key)
		case at.Kind != source.List || step.Index >= len(at.Items):
			return nil
		default:
			at = at.Items[step.Index]
		}
		if at == nil {
			return nil
		}
	}
	return at
}

// PlaceAt follows a path as far as it goes and says where its last step stands: a scalar's own place, a list's or mapping's key.
func PlaceAt(v *source.Value, path scenarios.Path) source.Place {
	at := v.At
	for _, step := range path {
		if step.Item {
			if v.Kind != source.List || step.Index < 0 || step.Index >= len(v.Items) {
				return at
			}
			v = v.Items[step.Index]
			at = v.At
			continue
		}
		e := v.Entry(step.Key)
		if e == nil {
			return at
		}
		v, at = e.Value, e.At
	}
	if v.Kind == source.Scalar {
		return v.At
	}
	return at
}
