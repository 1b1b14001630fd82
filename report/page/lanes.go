package page

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/squallhq/squall/runner/record"
)

// span is something that went on for a time: a fault of the plan, or what was done beside it.
type span struct {
	name, on   string
	title      string // all of it
	from, to   float64
	byHand     bool
	instances  []string
	edges      []string
	fault      *record.Fault
	unfinished bool // it stayed until the end
}

// spansOf are a run's faults and what was done beside its plan, in the order of the record.
func spansOf(r *record.Result, end float64) []span {
	var all []span
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.AppliedS == nil {
			continue // it never was on; its receipt says so
		}
		s := span{name: f.Name, on: f.On, from: *f.AppliedS, to: end, instances: f.Instances, edges: f.Edges, fault: f, unfinished: f.UndoneS == nil}
		if s.name == "" {
			s.name = f.Text
		}
		if f.UndoneS != nil {
			s.to = *f.UndoneS
		}
		s.title = f.Text + " on " + f.On
		all = append(all, s)
	}
	for _, a := range r.Actions {
		if a.Who == record.ByPlan {
			continue
		}
		s := span{name: a.What, on: a.On, from: a.AtS, to: end, byHand: true, instances: a.Instances, edges: a.Edges, unfinished: a.UndoneS == nil}
		switch {
		case len(a.Instances)+len(a.Edges) > 0:
		case slices.ContainsFunc(r.Edges, func(e record.Edge) bool { return e.Name == a.On }):
			s.edges = []string{a.On}
		default:
			s.instances = []string{a.On}
		}
		if a.UndoneS != nil {
			s.to = *a.UndoneS
		}
		if a.Phase != "" && a.UndoneS == nil { // of a moment: what it changed stays so
			s.to, s.unfinished = s.from, false
		}
		s.title = fmt.Sprintf("%s on %s, %s", a.What, a.On, beside(a))
		all = append(all, s)
	}
	return all
}

// beside says how something was done that the plan does not have.
func beside(a record.Action) string {
	if by := a.By(); by != "" {
		return by + " (" + a.Door + ")"
	}
	return a.Door
}

func (s span) look() string {
	if s.byHand {
		return "hand"
	}
	return "fault"
}

// label is the span in a few words.
func (s span) label() string {
	if s.on == "" {
		return s.name
	}
	return s.name + " on " + s.on
}

// bands are what lies behind every plot: where phases end, and where something was wrong.
func bands(r *record.Result, t *timeline, spans []span) nodes {
	var all nodes
	for _, s := range spans {
		fill := "#8c6bb1"
		if s.byHand {
			fill = "#d6408f"
		}
		all = append(all, el("rect", class("band "+s.look()), at("fill", fill), at("fill-opacity", "0.12"),
			coordinate("x", s.from), at("y", "0"), coordinate("width", max(s.to-s.from, t.end/600)), at("height", strconv.Itoa(plotHeight))))
	}
	for _, p := range r.Phases[min(1, len(r.Phases)):] {
		all = append(all, el("path", class("border"), at("stroke", "#8886"), at("fill", "none"), at("vector-effect", "non-scaling-stroke"),
			at("d", "M"+short(p.StartS)+" 0V"+strconv.Itoa(plotHeight))))
	}
	for _, e := range r.Events {
		if e.Kind == "mark" || e.Kind == "alert" {
			all = append(all, el("path", class("border mark"), at("stroke", "#d6408f"), at("stroke-dasharray", "3 3"), at("fill", "none"), at("vector-effect", "non-scaling-stroke"),
				at("d", "M"+short(e.AtS)+" 0V"+strconv.Itoa(plotHeight)), el("title", e.Text)))
		}
	}
	return all
}

// laneHeight is that of one row of the strip above the charts, px.
const laneHeight = 20

// strip is what all charts share: the phases, each fault in its lane, and the time.
func strip(r *record.Result, t *timeline, spans []span) node {
	var lanes nodes
	for i, p := range r.Phases {
		look := "phase"
		if i%2 == 1 {
			look = "phase odd"
		}
		lanes = append(lanes, el("svg", class(look), span{from: p.StartS, to: p.EndS}.placed(t, 0), at("height", strconv.Itoa(laneHeight)),
			el("title", p.Name+", "+clock(p.StartS, t.end)+" to "+clock(p.EndS, t.end)),
			el("rect", at("width", "100%"), at("height", "100%"), at("fill", "#8882")),
			el("text", coordinate("x", 6), coordinate("y", 14), at("fill", "currentColor"), p.Name)))
	}
	y := laneHeight + 3
	for _, s := range spans {
		lanes = append(lanes, s.lane(t, float64(y)))
		y += laneHeight - 2
	}
	main := el("svg", class("over lanes"), at("width", "100%"), at("height", strconv.Itoa(y)), at("role", "img"),
		at("aria-label", "Phases and faults"), lanes)
	axis := el("svg", class("over axis"), at("width", "100%"), at("height", "18"), at("aria-hidden", "true"))
	for _, s := range timeTicks(t.end) {
		anchor := "middle"
		if s == t.begin {
			anchor = "start"
		}
		axis.children = append(axis.children, el("text", coordinate("data-t", s), at("x", percentOf(t, s)), coordinate("y", 13),
			at("text-anchor", anchor), clock(s, t.end)))
	}
	caption := el("figcaption", el("b", "Phases and faults"), el("small", key(spans)))
	return el("figure", class("chart strip"), caption, el("div", class("frame"), main, axis))
}

func key(spans []span) node {
	out := nodes{}
	looks := map[string]string{"fault": "by the plan", "hand": "by hand, beside it"}
	for _, look := range []string{"fault", "hand"} {
		for _, s := range spans {
			if s.look() == look {
				out = append(out, el("span", class("key"), swatch("band "+look), looks[look]))
				break
			}
		}
	}
	return out
}

// lane is one span as a bar with its name beside it, on the side where there is room.
func (s span) lane(t *timeline, y float64) node {
	name := el("text", class("name"), coordinate("y", y+12), at("fill", "currentColor"), s.label())
	share := func(v float64) float64 { return (v - t.begin) / (t.end - t.begin) }
	switch {
	case share(s.to) < 0.6:
		name.attributes = append(name.attributes, at("x", percentOf(t, s.to)), coordinate("data-t", s.to), at("dx", "6"))
	case share(s.from) > 0.4:
		name.attributes = append(name.attributes, at("x", percentOf(t, s.from)), coordinate("data-t", s.from), at("dx", "-6"), at("text-anchor", "end"))
	default:
		name.attributes = append(name.attributes, at("x", percentOf(t, s.from)), coordinate("data-t", s.from), at("dx", "6"))
		name.attributes[0] = class("name inside")
	}
	bar := el("svg", s.placed(t, y), at("height", strconv.Itoa(laneHeight-5)), el("rect", class("bar "+s.look()), at("width", "100%"),
		at("height", "100%"), at("rx", "2"), at("fill", "#8c6bb1"), at("fill-opacity", "0.5")))
	return el("g", el("title", s.title+", "+clock(s.from, t.end)+" to "+clock(s.to, t.end)), bar, name)
}

// placed is where a span lies on what is as wide as the plots, in shares: it stretches with them.
func (s span) placed(t *timeline, y float64) attributes {
	return attributes{coordinate("data-t", s.from), coordinate("data-u", s.to), at("x", percentOf(t, s.from)), coordinate("y", y),
		at("width", short(max(100*(s.to-s.from)/(t.end-t.begin), 0.3))+"%")}
}

func percentOf(t *timeline, s float64) string {
	return short(100*(s-t.begin)/(t.end-t.begin)) + "%"
}
