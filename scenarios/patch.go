package scenarios

import "slices"

// patch applies a JSON merge patch (RFC 7396): mappings merge key by key, null removes a key,
// anything else, a list too, replaces. The result shares values with both and keeps their places.
//
// In a mapping that takes a template (use), a null that the patch brings stays as a null, as
// there it removes what the template would give. missing is told of nulls that remove nothing.
func patch(target, change *value, missing func(entry)) *value {
	return patchIn(target, change, false, missing)
}

func patchIn(target, change *value, templated bool, missing func(entry)) *value {
	if change.kind != mapping {
		return change
	}
	if target == nil || target.kind != mapping {
		target = &value{kind: mapping, at: change.at, flow: change.flow}
		missing = func(entry) {} // RFC 7396: nulls in what is new just go
	}
	if use := change.get("use"); use != nil {
		templated = templated || !use.isNull()
	} else {
		templated = templated || target.get("use") != nil
	}
	out := *target
	out.entries = slices.Clone(target.entries)
	for _, e := range change.entries {
		i := slices.IndexFunc(out.entries, func(o entry) bool { return o.key == e.key })
		switch {
		case e.value.isNull() && templated && e.key != "use":
			if i >= 0 {
				out.entries[i] = e
			} else {
				out.entries = append(out.entries, e)
			}
		case e.value.isNull() && i >= 0:
			out.entries = slices.Delete(out.entries, i, i+1)
		case e.value.isNull():
			missing(e)
		case i >= 0:
			merged := patchIn(out.entries[i].value, e.value, templated, missing)
			at := out.entries[i].at
			if merged == e.value {
				at = e.at
			}
			out.entries[i] = entry{e.key, at, merged}
		default:
			out.entries = append(out.entries, entry{e.key, e.at, patchIn(nil, e.value, templated, missing)})
		}
	}
	return &out
}

// underlay gives a mapping a template's keys as defaults: its own keys win, mappings merge, and
// a null of its own removes the template's key.
func underlay(template, own *value) *value {
	out := *own
	out.entries = nil
	for _, t := range template.entries {
		e := own.entry(t.key)
		switch {
		case e == nil:
			out.entries = append(out.entries, t)
		case e.value.isNull():
		case e.value.kind == mapping && t.value.kind == mapping:
			out.entries = append(out.entries, entry{e.key, e.at, underlay(t.value, e.value)})
		default:
			out.entries = append(out.entries, *e)
		}
	}
	for _, e := range own.entries {
		if template.entry(e.key) == nil && !e.value.isNull() {
			out.entries = append(out.entries, e)
		}
	}
	return &out
}
