package grammar

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// takeTemplates reads the templates, resolving templates that use templates.
func (d *Decoder) takeTemplates(v *source.Value) {
	if v == nil {
		return
	}
	if v.Kind != source.Mapping {
		d.Problem(v, "templates needs a mapping of names to templates, not "+v.What(), "write templates: {NAME: {timeout: 500ms}}")
		return
	}
	d.templates, d.resolved, d.used = v, map[string]*source.Value{}, map[string]bool{}
	for _, e := range v.Entries {
		d.name("template", e)
		if e.Value.Kind != source.Mapping {
			d.Problem(e.Value, fmt.Sprintf("template %q needs a mapping, not %s", source.Shorten(e.Key), e.Value.What()), "write {timeout: 500ms}")
			continue
		}
		d.template(e, nil)
	}
}

// template is a template with what it uses underneath. over are the names on the way to it.
func (d *Decoder) template(e source.Entry, over []string) *source.Value {
	if v, done := d.resolved[e.Key]; done {
		return v
	}
	v := e.Value
	if use := v.Get("use"); use != nil && !use.IsNull() {
		if slices.Contains(over, e.Key) {
			d.Problem(use, fmt.Sprintf("template %q uses itself", source.Shorten(e.Key)), "take one use away")
			return v.Without("use")
		}
		if below := d.find(use); below != nil {
			v = source.Underlay(d.template(*below, append(over, e.Key)).Without("use"), v)
		}
	}
	v = v.Without("use")
	d.resolved[e.Key] = v
	return v
}

// find looks up the template that a use names.
func (d *Decoder) find(use *source.Value) *source.Entry {
	if use.Kind != source.Scalar || use.Tag != source.TagText {
		d.Problem(use, "use needs the name of a template, not "+use.What(), "")
		return nil
	}
	e := d.templates.Entry(use.Text)
	if e == nil {
		names := []string{}
		if d.templates != nil {
			for _, e := range d.templates.Entries {
				names = append(names, e.Key)
			}
		}
		fix := source.DidYouMean(use.Text, names, "templates")
		if len(names) == 0 {
			fix = "add it under templates"
		}
		d.Problem(use, fmt.Sprintf("there is no template %s", source.QuoteShort(use.Text)), fix)
		return nil
	}
	if e.Value.Kind != source.Mapping {
		return nil
	}
	return e
}

// use gives a mapping its template's keys, in place.
func (d *Decoder) use(v *source.Value) {
	use := v.Get("use")
	if use == nil {
		return
	}
	if use.IsNull() {
		d.Problem(use, "use is empty", "name a template, or leave it out")
		*v = *v.Without("use")
		return
	}
	template := &source.Value{Kind: source.Mapping}
	if e := d.find(use); e != nil {
		d.used[e.Key] = true
		template = d.template(*e, nil)
	}
	*v = *source.Underlay(template, v)
}

// checkUnused looks for mistakes in templates that nothing uses; those that are used show theirs there.
func (d *Decoder) checkUnused() {
	if d.templates == nil {
		return
	}
	for _, e := range d.templates.Entries {
		if d.used[e.Key] || e.Value.Kind != source.Mapping {
			continue
		}
		fields := templateFields()
		for _, key := range e.Value.Entries {
			if key.Value.IsNull() || key.Key == "use" {
				continue
			}
			i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Key })
			if i < 0 {
				d.unknown(key, "a template", keysOf(fields))
				continue
			}
			if key.Value.Kind == source.Scalar {
				d.decode(key.Value, reflect.New(fields[i].typ).Elem(), fields[i])
			}
		}
	}
}

// templateFields are the keys of nodes and steps.
func templateFields() []field {
	fields := fieldsOf(reflect.TypeFor[scenarios.Node]())
	known := keysOf(fields)
	for _, f := range fieldsOf(reflect.TypeFor[scenarios.Step]()) {
		if !slices.Contains(known, f.key) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Extends is the key of a variant that names those it builds on: their patches come before its own.
const Extends = "extends"

// ExpectFail is the expect of a variant that should not keep what the scenario expects.
const ExpectFail = "fail"
