package scenarios

// valueAt is what stands at a path in a tree; nil if nothing does.
func valueAt(root *value, path Path) *value {
	at := root
	for _, step := range path {
		switch {
		case !step.Item:
			at = at.get(step.Key)
		case at.kind != list || step.Index >= len(at.items):
			return nil
		default:
			at = at.items[step.Index]
		}
		if at == nil {
			return nil
		}
	}
	return at
}

// placeAt follows a path as far as it goes and says where its last step stands: a scalar's own place, a list's or mapping's key.
func placeAt(v *value, path Path) place {
	at := v.at
	for _, step := range path {
		if step.Item {
			if v.kind != list || step.Index < 0 || step.Index >= len(v.items) {
				return at
			}
			v = v.items[step.Index]
			at = v.at
			continue
		}
		e := v.entry(step.Key)
		if e == nil {
			return at
		}
		v, at = e.value, e.at
	}
	if v.kind == scalar {
		return v.at
	}
	return at
}
