package source

import "slices"

// Patch applies a JSON merge patch (RFC 7396): mappings merge key by key, null removes a key,
// anything else, a list too, replaces. The result shares values with both and keeps their places.
//
// In a mapping that takes a template (use), a null that the patch brings stays as a null, as
// there it removes what the template would give. missing is told of nulls that remove nothing.
func Patch(target, change *Value, missing func(Entry)) *Value {
	return patchIn(target, change, false, missing)
}

func patchIn(target, change *Value, templated bool, missing func(Entry)) *Value {
	if change.Kind != Mapping {
		return change
	}
	if target == nil || target.Kind != Mapping {
		target = &Value{Kind: Mapping, At: change.At, flow: change.flow}
		missing = func(Entry) {} // RFC 7396: nulls in what is new just go
	}
	if use := change.Get("use"); use != nil {
		templated = templated || !use.IsNull()
	} else {
		templated = templated || target.Get("use") != nil
	}
	out := *target
	out.Entries = slices.Clone(target.Entries)
	for _, e := range change.Entries {
		i := slices.IndexFunc(out.Entries, func(o Entry) bool { return o.Key == e.Key })
		switch {
		case e.Value.IsNull() && templated && e.Key != "use":
			if i >= 0 {
				out.Entries[i] = e
			} else {
				out.Entries = append(out.Entries, e)
			}
		case e.Value.IsNull() && i >= 0:
			out.Entries = slices.Delete(out.Entries, i, i+1)
		case e.Value.IsNull():
			missing(e)
		case i >= 0:
			merged := patchIn(out.Entries[i].Value, e.Value, templated, missing)
			at := out.Entries[i].At
			if merged == e.Value {
				at = e.At
			}
			out.Entries[i] = Entry{e.Key, at, merged}
		default:
			out.Entries = append(out.Entries, Entry{e.Key, e.At, patchIn(nil, e.Value, templated, missing)})
		}
	}
	return &out
}

// Underlay gives a mapping a template's keys as defaults: its own keys win, mappings merge, and
// a null of its own removes the template's key.
func Underlay(template, own *Value) *Value {
	out := *own
	out.Entries = nil
	for _, t := range template.Entries {
		e := own.Entry(t.Key)
		switch {
		case e == nil:
			out.Entries = append(out.Entries, t)
		case e.Value.IsNull():
		case e.Value.Kind == Mapping && t.Value.Kind == Mapping:
			out.Entries = append(out.Entries, Entry{e.Key, e.At, Underlay(t.Value, e.Value)})
		default:
			out.Entries = append(out.Entries, *e)
		}
	}
	for _, e := range own.Entries {
		if template.Entry(e.Key) == nil && !e.Value.IsNull() {
			out.Entries = append(out.Entries, e)
		}
	}
	return &out
}
