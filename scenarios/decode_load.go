package scenarios

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// loads reads a mapping of names to loads, in the file's order.
func (d *decoder) loads(v *value) []*Load {
	if v.kind != mapping {
		d.problem(v, "load needs a mapping of names to loads, not "+v.what(), "write load: {NAME: {to: NODE, rate: 100/s, requests: [...]}}")
		return nil
	}
	out := make([]*Load, 0, len(v.entries))
	for _, e := range v.entries {
		l := &Load{Name: e.key}
		out = append(out, l)
		d.name("load", e)
		if e.value.isNull() {
			d.problemAt(e.at, fmt.Sprintf("load %q is empty", shorten(e.key)), "write {to: NODE, rate: 100/s, requests: [...]}")
			continue
		}
		if d.structure(e.value, reflect.ValueOf(l).Elem(), d.fieldsOf(reflect.TypeFor[Load]())) {
			d.arrivals(e, l)
		}
	}
	return out
}

// arrivals checks that a load is open (a rate or stages) or closed (users), and not both.
func (d *decoder) arrivals(e entry, l *Load) {
	name := shorten(e.key)
	first := func(keys ...string) *entry {
		for _, o := range e.value.entries {
			if slices.Contains(keys, o.key) {
				return &o
			}
		}
		return nil
	}
	users, open := e.value.entry("users"), first("rate", "stages")
	rate, stages := e.value.entry("rate"), e.value.entry("stages")
	switch {
	case users != nil && open != nil:
		d.problemAt(users.at, fmt.Sprintf("load %q has both users and %s", name, open.key), "keep users for a closed load, or "+open.key+" for an open one")
	case rate != nil && stages != nil:
		d.problemAt(stages.at, fmt.Sprintf("load %q has both rate and stages", name), "keep one of them")
	case users == nil && open == nil:
		d.problemAt(e.at, fmt.Sprintf("load %q has no rate", name), "add rate: 100/s, stages: [...] or users: 10")
	case users != nil:
		if o := first("arrivals", "burst", "session"); o != nil {
			d.problemAt(o.at, fmt.Sprintf("%s does not belong to a load of users", o.key), "take it away, or give a rate in place of users")
		}
	default:
		if o := e.value.entry("think"); o != nil && e.value.entry("session") == nil {
			d.problemAt(o.at, "think is for users or sessions", "add session: {requests: 5}, or give users in place of a rate")
		}
		if o := e.value.entry("burst"); o != nil && l.Arrivals != "bursty" {
			d.problemAt(o.at, "burst is for bursty arrivals", "add arrivals: bursty")
		}
	}
	d.stages(stages, l)
}

// stages checks what their types can't say.
func (d *decoder) stages(stages *entry, l *Load) {
	if stages == nil || stages.value.kind != list {
		return
	}
	if len(stages.value.items) == 0 {
		d.problemAt(stages.at, "stages is empty", "write stages: [{for: 10s, from: 50/s, to: 300/s}]")
	}
	ended := 0.0
	for i, item := range stages.value.items {
		s := l.Stages[i]
		level, from, to := item.entry("rate"), item.entry("from"), item.entry("to")
		l.Stages[i].Level = level != nil
		switch {
		case item.kind != mapping:
		case level != nil && (from != nil || to != nil):
			d.problemAt(level.at, "a stage has both rate and from or to", "keep rate for a level stage, or from and to for a ramp")
		case level == nil && to == nil:
			d.problem(item, "a stage has no rate", "add rate: 100/s, or to: 300/s for a ramp")
		case from != nil && s.From == 0 && ended > 0 && from.value.tag == tagText:
			if _, ok := parseRate(from.value.text); ok {
				d.problem(from.value, "a stage can't begin at 0/s after one that does not end there", "let the stage before it end at 0/s")
			}
		case level == nil && s.From == 0 && s.To == 0 && ended == 0:
			if _, ok := parseRate(to.value.text); ok {
				d.problem(to.value, "a stage has no requests", "let from or to be more than 0/s")
			}
		}
		if ended = s.To; level != nil {
			ended = s.Rate
		}
	}
}

// parameter is {name} in a path or body.
var parameter = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_-]*)\}`)

// request reads one request; the keys that a request does not have itself are its parameters.
func (d *decoder) request(v *value, into *Request) {
	fields := d.fieldsOf(reflect.TypeFor[Request]())
	if v.kind != mapping {
		d.problem(v, "a request needs a mapping, not "+v.what(), `write {send: "GET /path"}`)
		return
	}
	own := v.without()
	own.entries = nil
	var params []entry
	for _, e := range v.entries {
		if slices.Contains(keysOf(fields), e.key) {
			own.entries = append(own.entries, e)
		} else {
			params = append(params, e)
		}
	}
	d.structure(own, reflect.ValueOf(into).Elem(), fields)
	if into.Send != "" {
		if what, fix := checkMatch(into.Send, true); what != "" {
			d.problem(v.get("send"), what, fix)
		} else if strings.HasSuffix(into.Send, "*") {
			d.problem(v.get("send"), "send has a * in it", "write the path that is sent, with {parameters}")
		}
	}
	d.params(params, into, keysOf(fields))
}

func (d *decoder) params(params []entry, into *Request, own []string) {
	var names []string
	for _, match := range parameter.FindAllStringSubmatch(into.Send+" "+into.Body, -1) {
		names = append(names, match[1])
	}
	for _, e := range params {
		if !slices.Contains(names, e.key) {
			d.problemAt(e.at, fmt.Sprintf("%s is no parameter of the request, and no key of its own", quoteShort(e.key)),
				didYouMean(e.key, append(slices.Clone(own), names...), "its keys and parameters"))
			continue
		}
		if into.Params == nil {
			into.Params = map[string]Param{}
		}
		var p Param
		d.decode(e.value, reflect.ValueOf(&p).Elem(), field{key: shorten(e.key)})
		into.Params[e.key] = p
	}
}

// param wants exactly one of its three shapes.
func (d *decoder) param(v *value, into *Param, f field) {
	const fix = "write {uniform: true, of: 1000}, {zipf: 1.1, of: 1000} or {sequence: true}"
	if v.kind != mapping {
		d.problem(v, fmt.Sprintf("parameter %s needs a mapping, not %s", f.key, v.what()), fix)
		return
	}
	d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[Param]()))
	shapes := 0
	for _, key := range []string{"zipf", "uniform", "sequence"} {
		shape := v.get(key)
		if shape == nil {
			continue
		}
		shapes++
		if shape.tag == tagBool && strings.EqualFold(shape.text, "false") {
			d.problem(shape, key+" is false", "leave it out, and give another shape")
		}
	}
	if shapes != 1 {
		d.problem(v, fmt.Sprintf("parameter %s has %d shapes, not one", f.key, shapes), fix)
	}
}
