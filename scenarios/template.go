package scenarios

import (
	"fmt"
	"reflect"
	"slices"
)

// takeTemplates reads the templates, resolving templates that use templates.
func (d *decoder) takeTemplates(v *value) {
	if v == nil {
		return
	}
	if v.kind != mapping {
		d.problem(v, "templates needs a mapping of names to templates, not "+v.what(), "write templates: {NAME: {timeout: 500ms}}")
		return
	}
	d.templates, d.resolved, d.used = v, map[string]*value{}, map[string]bool{}
	for _, e := range v.entries {
		d.name("template", e)
		if e.value.kind != mapping {
			d.problem(e.value, fmt.Sprintf("template %q needs a mapping, not %s", shorten(e.key), e.value.what()), "write {timeout: 500ms}")
			continue
		}
		d.template(e, nil)
	}
}

// template is a template with what it uses underneath. over are the names on the way to it.
func (d *decoder) template(e entry, over []string) *value {
	if v, done := d.resolved[e.key]; done {
		return v
	}
	v := e.value
	if use := v.get("use"); use != nil && !use.isNull() {
		if slices.Contains(over, e.key) {
			d.problem(use, fmt.Sprintf("template %q uses itself", shorten(e.key)), "take one use away")
			return v.without("use")
		}
		if below := d.find(use); below != nil {
			v = underlay(d.template(*below, append(over, e.key)).without("use"), v)
		}
	}
	v = v.without("use")
	d.resolved[e.key] = v
	return v
}

// find looks up the template that a use names.
func (d *decoder) find(use *value) *entry {
	if use.kind != scalar || use.tag != tagText {
		d.problem(use, "use needs the name of a template, not "+use.what(), "")
		return nil
	}
	e := d.templates.entry(use.text)
	if e == nil {
		names := []string{}
		if d.templates != nil {
			for _, e := range d.templates.entries {
				names = append(names, e.key)
			}
		}
		fix := didYouMean(use.text, names, "templates")
		if len(names) == 0 {
			fix = "add it under templates"
		}
		d.problem(use, fmt.Sprintf("there is no template %s", quoteShort(use.text)), fix)
		return nil
	}
	if e.value.kind != mapping {
		return nil
	}
	return e
}

// use gives a mapping its template's keys, in place.
func (d *decoder) use(v *value) {
	use := v.get("use")
	if use == nil {
		return
	}
	if use.isNull() {
		d.problem(use, "use is empty", "name a template, or leave it out")
		*v = *v.without("use")
		return
	}
	template := &value{kind: mapping}
	if e := d.find(use); e != nil {
		d.used[e.key] = true
		template = d.template(*e, nil)
	}
	*v = *underlay(template, v)
}

// checkUnused looks for mistakes in templates that nothing uses; those that are used show theirs there.
func (d *decoder) checkUnused() {
	if d.templates == nil {
		return
	}
	for _, e := range d.templates.entries {
		if d.used[e.key] || e.value.kind != mapping {
			continue
		}
		fields := templateFields()
		for _, key := range e.value.entries {
			if key.value.isNull() || key.key == "use" {
				continue
			}
			i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.key })
			if i < 0 {
				d.unknown(key, "a template", keysOf(fields))
				continue
			}
			if key.value.kind == scalar {
				d.decode(key.value, reflect.New(fields[i].typ).Elem(), fields[i])
			}
		}
	}
}

// templateFields are the keys of nodes and steps.
func templateFields() []field {
	fields := fieldsOf(reflect.TypeFor[Node]())
	known := keysOf(fields)
	for _, f := range fieldsOf(reflect.TypeFor[Step]()) {
		if !slices.Contains(known, f.key) {
			fields = append(fields, f)
		}
	}
	return fields
}
