package grammar

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// loads reads a mapping of names to loads, in the file's order.
func (d *Decoder) loads(v *source.Value) []*scenarios.Load {
	if v.Kind != source.Mapping {
		d.Problem(v, "load needs a mapping of names to loads, not "+v.What(), "write load: {NAME: {to: NODE, rate: 100/s, requests: [...]}}")
		return nil
	}
	out := make([]*scenarios.Load, 0, len(v.Entries))
	for _, e := range v.Entries {
		l := &scenarios.Load{Name: e.Key}
		out = append(out, l)
		d.name("load", e)
		if e.Value.IsNull() {
			d.ProblemAt(e.At, fmt.Sprintf("load %q is empty", source.Shorten(e.Key)), "write {to: NODE, rate: 100/s, requests: [...]}")
			continue
		}
		if d.structure(e.Value, reflect.ValueOf(l).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Load]())) {
			d.arrivals(e, l)
		}
	}
	return out
}

// arrivals checks that a load is open (a rate or stages) or closed (users), and not both.
func (d *Decoder) arrivals(e source.Entry, l *scenarios.Load) {
	name := source.Shorten(e.Key)
	first := func(keys ...string) *source.Entry {
		for _, o := range e.Value.Entries {
			if slices.Contains(keys, o.Key) {
				return &o
			}
		}
		return nil
	}
	users, open := e.Value.Entry("users"), first("rate", "stages")
	rate, stages := e.Value.Entry("rate"), e.Value.Entry("stages")
	switch {
	case users != nil && open != nil:
		d.ProblemAt(users.At, fmt.Sprintf("load %q has both users and %s", name, open.Key), "keep users for a closed load, or "+open.Key+" for an open one")
	case rate != nil && stages != nil:
		d.ProblemAt(stages.At, fmt.Sprintf("load %q has both rate and stages", name), "keep one of them")
	case users == nil && open == nil:
		d.ProblemAt(e.At, fmt.Sprintf("load %q has no rate", name), "add rate: 100/s, stages: [...] or users: 10")
	case users != nil:
		if o := first("arrivals", "burst", "session", "warm_up_from"); o != nil {
			d.ProblemAt(o.At, fmt.Sprintf("%s does not belong to a load of users", o.Key), "take it away, or give a rate in place of users")
		}
	default:
		if o := e.Value.Entry("think"); o != nil && e.Value.Entry("session") == nil {
			d.ProblemAt(o.At, "think is for users or sessions", "add session: {requests: 5}, or give users in place of a rate")
		}
		if o := e.Value.Entry("burst"); o != nil && l.Arrivals != "bursty" {
			d.ProblemAt(o.At, "burst is for bursty arrivals", "add arrivals: bursty")
		}
	}
	d.stages(stages, l)
}

// stages checks what their types can't say.
func (d *Decoder) stages(stages *source.Entry, l *scenarios.Load) {
	if stages == nil || stages.Value.Kind != source.List {
		return
	}
	if len(stages.Value.Items) == 0 {
		d.ProblemAt(stages.At, "stages is empty", "write stages: [{for: 10s, from: 50/s, to: 300/s}]")
	}
	ended := 0.0
	for i, item := range stages.Value.Items {
		s := l.Stages[i]
		level, from, to := item.Entry("rate"), item.Entry("from"), item.Entry("to")
		l.Stages[i].Level = level != nil
		switch {
		case item.Kind != source.Mapping:
		case level != nil && (from != nil || to != nil):
			d.ProblemAt(level.At, "a stage has both rate and from or to", "keep rate for a level stage, or from and to for a ramp")
		case level == nil && to == nil:
			d.Problem(item, "a stage has no rate", "add rate: 100/s, or to: 300/s for a ramp")
		case from != nil && s.From == 0 && ended > 0 && from.Value.Tag == source.TagText:
			if _, ok := source.ParseRate(from.Value.Text); ok {
				d.Problem(from.Value, "a stage can't begin at 0/s after one that does not end there", "let the stage before it end at 0/s")
			}
		case level == nil && s.From == 0 && s.To == 0 && ended == 0:
			if n, ok := source.ParseRate(to.Value.Text); ok && n == 0 {
				d.Problem(to.Value, "a stage has no requests", "let from or to be more than 0/s")
			}
		}
		if ended = s.To; level != nil {
			ended = s.Rate
		}
	}
}

// Parameter is {name} in a path or body.
var Parameter = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_-]*)\}`)

// request reads one request; the keys that a request does not have itself are its parameters.
func (d *Decoder) request(v *source.Value, into *scenarios.Request) {
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Request]())
	if v.Kind != source.Mapping {
		d.Problem(v, "a request needs a mapping, not "+v.What(), `write {send: "GET /path"}`)
		return
	}
	own := v.Without()
	own.Entries = nil
	var params []source.Entry
	for _, e := range v.Entries {
		if slices.Contains(keysOf(fields), e.Key) {
			own.Entries = append(own.Entries, e)
		} else {
			params = append(params, e)
		}
	}
	d.structure(own, reflect.ValueOf(into).Elem(), fields)
	if into.Send != "" {
		if what, fix := CheckMatch(into.Send, true); what != "" {
			d.Problem(v.Get("send"), what, fix)
		} else if strings.HasSuffix(into.Send, "*") {
			d.Problem(v.Get("send"), "send has a * in it", "write the path that is sent, with {parameters}")
		}
	}
	d.params(params, into, keysOf(fields))
}

func (d *Decoder) params(params []source.Entry, into *scenarios.Request, own []string) {
	var names []string
	for _, match := range Parameter.FindAllStringSubmatch(strings.Join(into.Texts(), " "), -1) {
		names = append(names, match[1])
	}
	for _, e := range params {
		if !slices.Contains(names, e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s is no parameter of the request, and no key of its own", source.QuoteShort(e.Key)),
				source.DidYouMean(e.Key, append(slices.Clone(own), names...), "its keys and parameters"))
			continue
		}
		if into.Params == nil {
			into.Params = map[string]scenarios.Param{}
		}
		var p scenarios.Param
		d.decode(e.Value, reflect.ValueOf(&p).Elem(), field{key: source.Shorten(e.Key)})
		into.Params[e.Key] = p
	}
}

// param wants exactly one of its three shapes.
func (d *Decoder) param(v *source.Value, into *scenarios.Param, f field) {
	const fix = "write {uniform: true, of: 1000}, {zipf: 1.1, of: 1000} or {sequence: true}"
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("parameter %s needs a mapping, not %s", f.key, v.What()), fix)
		return
	}
	d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Param]()))
	shapes := 0
	for _, key := range []string{"zipf", "uniform", "sequence"} {
		shape := v.Get(key)
		if shape == nil {
			continue
		}
		shapes++
		if shape.Tag == source.TagBool && strings.EqualFold(shape.Text, "false") {
			d.Problem(shape, key+" is false", "leave it out, and give another shape")
		}
	}
	if shapes != 1 {
		d.Problem(v, fmt.Sprintf("parameter %s has %d shapes, not one", f.key, shapes), fix)
	}
}
