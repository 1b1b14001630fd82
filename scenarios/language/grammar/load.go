package grammar

import (
	"fmt"
	"reflect"
	"slices"

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
			d.sent(e, l)
			l.To, l.ToPort = scenarios.CutPort(l.To)
		}
	}
	return out
}

// arrivals checks that a load is open (a rate or stages) or closed (users), and not both.
func (d *Decoder) arrivals(e source.Entry, l *scenarios.Load) {
	name := source.Shorten(e.Key)
	if replay := e.Value.Entry("replay"); replay != nil {
		d.replay(e, replay)
		return
	}
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
		o := first("arrivals", "burst", "session", "warm_up_from")
		if o != nil && o.Key == "session" && o.Value.Get("steps") != nil {
			o = first("arrivals", "burst", "warm_up_from") // users make one visit after the other
		}
		if o != nil {
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

// replay checks that a load sends a recording and nothing else.
func (d *Decoder) replay(load source.Entry, replay *source.Entry) {
	for _, o := range load.Value.Entries {
		if slices.Contains([]string{"users", "rate", "stages", "arrivals", "burst", "warm_up_from", "session", "think", "requests", "data", "openapi"}, o.Key) {
			d.ProblemAt(o.At, fmt.Sprintf("load %q has both replay and %s", source.Shorten(load.Key), o.Key), "take it away: a recording says what is sent when")
		}
	}
	v := replay.Value
	if v.Kind != source.Mapping {
		return
	}
	log, har := v.Entry("log"), v.Entry("har")
	switch {
	case log == nil && har == nil:
		d.Problem(v, "replay has no recording", "add log: access.log, or har: visit.har")
	case log != nil && har != nil:
		d.ProblemAt(har.At, "replay has both a log and a har", "keep one of them")
	case har != nil && v.Entry("format") != nil:
		d.ProblemAt(v.Entry("format").At, "format is for a log", "take it away")
	}
}

// sent checks that a load has requests, or a session with steps, and not both.
func (d *Decoder) sent(e source.Entry, l *scenarios.Load) {
	if e.Value.Entry("replay") != nil {
		return // what it sends is read with its file
	}
	requests, session := e.Value.Entry("requests"), e.Value.Entry("session")
	var steps *source.Entry
	if session != nil && session.Value.Kind == source.Mapping {
		count := session.Value.Entry("requests")
		steps = session.Value.Entry("steps")
		switch {
		case steps != nil && count != nil:
			d.ProblemAt(count.At, "a session has both steps and requests", "keep steps for a visit in order, or requests for so many that are drawn")
		case steps == nil && count == nil:
			d.Problem(session.Value, "a session has no requests", "add requests: 1")
		case steps != nil && steps.Value.Kind == source.List && len(steps.Value.Items) == 0:
			d.ProblemAt(steps.At, "steps is empty", `add one, as in {send: "GET /"}`)
		}
	}
	described := e.Value.Entry("openapi")
	switch {
	case described != nil && (requests != nil || steps != nil):
		d.ProblemAt(described.At, fmt.Sprintf("load %q has both openapi and requests", source.Shorten(e.Key)), "keep one of them")
	case described != nil: // they are read with its file
	case requests == nil && steps == nil:
		d.Problem(e.Value, "a load has no requests", "add requests: [...]")
	case requests != nil && steps != nil:
		d.ProblemAt(requests.At, fmt.Sprintf("load %q has both requests and the steps of a session", source.Shorten(e.Key)), "keep one of them")
	case steps != nil:
		l.Requests = l.Session.Steps
	}
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
