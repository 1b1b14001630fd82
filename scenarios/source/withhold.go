package source

import "slices"

// Withhold marks what came from the environment below keys whose values are nobody's business: it is written and told as
// the file has it, ${NAME}.
func (v *Value) Withhold(secret func(key string) bool) { v.withhold(secret, false) }

func (v *Value) withhold(secret func(string) bool, inside bool) {
	if inside && v.written != "" {
		v.withheld = true
	}
	for _, item := range v.Items {
		item.withhold(secret, inside)
	}
	for _, e := range v.Entries {
		e.Value.withhold(secret, inside || secret(e.Key))
	}
}

// TakenAsText is for a value that text was wanted of: what came from the environment may look like a number. False if
// it did not come from there.
func (v *Value) TakenAsText() bool {
	if v.written == "" || v.Kind != Scalar {
		return false
	}
	v.Tag = TagText
	return true
}

// Withheld tells a text that came from the environment and must not be told.
func (v *Value) Withheld() bool { return v.withheld }

// Told is a text as it may be told: as the file has it where it is withheld.
func (v *Value) Told() string {
	if v.withheld {
		return v.written
	}
	return v.Text
}

// Open is a copy of the tree as it may be told throughout.
func (v *Value) Open() *Value {
	out := v.Fork()
	out.open()
	return out
}

func (v *Value) open() {
	for i, item := range v.Items {
		v.Items[i] = item.opened()
	}
	for i, e := range v.Entries {
		v.Entries[i].Value = e.Value.opened()
	}
}

func (v *Value) opened() *Value {
	if !v.withheld {
		v.open()
		return v
	}
	out := *v
	out.Text, out.Tag = v.written, TagText
	return &out
}

// Fork is a copy of the tree with the same scalars: what becomes of its lists and mappings does not change the tree, what becomes of a
// scalar does.
func (v *Value) Fork() *Value {
	if v.Kind == Scalar {
		return v
	}
	out := *v
	out.Items, out.Entries = slices.Clone(v.Items), slices.Clone(v.Entries)
	for i, item := range out.Items {
		out.Items[i] = item.Fork()
	}
	for i, e := range out.Entries {
		out.Entries[i].Value = e.Value.Fork()
	}
	return &out
}

// Secrets are the texts that are withheld, with what is told in place of each.
func (v *Value) Secrets() map[string]string {
	found := map[string]string{}
	v.secrets(found)
	return found
}

func (v *Value) secrets(into map[string]string) {
	if v.withheld {
		into[v.Text] = v.written
	}
	for _, item := range v.Items {
		item.secrets(into)
	}
	for _, e := range v.Entries {
		e.Value.secrets(into)
	}
}
