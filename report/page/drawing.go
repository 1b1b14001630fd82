package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/squallhq/squall/report/spell"
)

// topology draws the graph as it was in one scene.
func (g *graph) draw(s scene) node {
	out := el("svg", class("graph"), coordinate("width", g.width), coordinate("height", g.height), at("viewBox", "0 0 "+short(g.width)+" "+short(g.height)),
		at("role", "group"), at("aria-label", "Topology: "+s.name))
	starts, ends := g.ports()
	var said lettering
	var letters nodes // over all arcs, or a later one would strike them through
	for i, a := range g.arcs {
		link, words := g.arc(i, a, s, starts[i], ends[i], &said)
		out.children = append(out.children, link)
		letters = append(letters, words)
	}
	out.children = append(out.children, letters...)
	for i, v := range g.vertices {
		if v.name != "" {
			out.children = append(out.children, v.draw(i, s))
		}
	}
	return out
}

// ports spread the arcs of a vertex over its side, in the order of where they lead.
func (g *graph) ports() (starts, ends []float64) {
	starts, ends = make([]float64, len(g.arcs)), make([]float64, len(g.arcs))
	out, in := map[int][]int{}, map[int][]int{}
	for i, a := range g.arcs {
		out[a.through[0]] = append(out[a.through[0]], i)
		in[a.through[len(a.through)-1]] = append(in[a.through[len(a.through)-1]], i)
	}
	spread := func(at map[int][]int, into []float64, other func(arc) int) {
		for v, arcs := range at {
			slices.SortStableFunc(arcs, func(a, b int) int {
				return cmp.Compare(g.vertices[other(g.arcs[a])].y, g.vertices[other(g.arcs[b])].y)
			})
			step := min(9, (boxHeight-14)/float64(len(arcs)))
			for i, a := range arcs {
				into[a] = g.vertices[v].y + (float64(i)-float64(len(arcs)-1)/2)*step
			}
		}
	}
	spread(out, starts, func(a arc) int { return a.through[1] })
	spread(in, ends, func(a arc) int { return a.through[len(a.through)-2] })
	return starts, ends
}

// way is an arc's path, and where its words may stand.
func (g *graph) way(a arc, start, end float64) (d string, x, y float64) {
	first, last := g.vertices[a.through[0]], g.vertices[a.through[len(a.through)-1]]
	x0, y0 := first.x+boxWidth/2, start
	if a.backward {
		bottom, x1 := g.height-6, last.x-boxWidth/2
		return fmt.Sprintf("M%s %sC%s %s %s %s %s %sH%sC%s %s %s %s %s %s", short(x0), short(y0), short(x0+40), short(y0), short(x0+40), short(bottom),
				short(x0), short(bottom), short(x1), short(x1-40), short(bottom), short(x1-40), short(end), short(x1), short(end)),
			(x0 + x1) / 2, bottom - 3
	}
	d = "M" + short(x0) + " " + short(y0)
	for i, v := range a.through[1:] {
		to := g.vertices[v]
		x1, y1 := to.x-boxWidth/2, to.y
		if i == len(a.through)-2 {
			y1 = end
		}
		mid := (x0 + x1) / 2
		d += "C" + short(mid) + " " + short(y0) + " " + short(mid) + " " + short(y1) + " " + short(x1) + " " + short(y1)
		if i == 0 {
			x, y = mid, (y0+y1)/2
		}
		x0, y0 = x1, y1
		if i < len(a.through)-2 {
			x0 = to.x + boxWidth/2
			d += "H" + short(x0)
		}
	}
	return d, x, y
}

// lettering is where words stand already, by their middles and widths.
type lettering [][3]float64

// Room that a letter takes, and a line of them, px.
const (
	letterWidth = 5.8
	lineHeight  = 11.0
)

// place is the height at which a word stands whose middle is to be at x and y: as near to that as nothing else stands there.
func (l *lettering) place(x, y float64, word string) float64 {
	wide := float64(len([]rune(word))) * letterWidth
	at := y
	for _, step := range []float64{0, 1, -1, 2, -2, 3, -3} {
		at = y + step*lineHeight
		if !slices.ContainsFunc(*l, func(o [3]float64) bool { return math.Abs(o[0]-x) < (o[2]+wide)/2 && math.Abs(o[1]-at) < lineHeight-1 }) {
			break
		}
	}
	*l = append(*l, [3]float64{x, at, wide})
	return at
}

func (g *graph) arc(i int, a arc, s scene, start, end float64, said *lettering) (link, letters element) {
	p := s.pairs[[2]string{a.from, a.to}]
	d, x, y := g.way(a, start, end)
	look, words := "calm", []string{}
	switch {
	case p.crossed() == 0:
		look = "unused"
	case level(p.bad()) > 0:
		look = "hurt-" + strconv.Itoa(level(p.bad()))
		if level(p.lost()) > 0 {
			words = append(words, spell.Percent(p.lost())+" failed")
		}
	default:
		words = append(words, perSecond(float64(p.crossed())/max(s.to-s.from, 1)))
	}
	if p.left() >= 0.01 {
		words = append(words, spell.Percent(p.left())+" gave up")
	}
	if p.worst >= 1.1 {
		words = append(words, "×"+strconv.FormatFloat(p.worst, 'f', 1, 64)+" by retries")
	}
	tip := g.vertices[a.through[len(a.through)-1]].x - boxWidth/2
	link = el("a", at("href", "#fig-e"+strconv.Itoa(i)), class("arc "+look), at("aria-label", a.from+" to "+a.to+": "+join(words)),
		el("path", class("reach"), at("fill", "none"), at("stroke", "transparent"), at("stroke-width", "14"), at("d", d)),
		el("path", class("way"), at("fill", "none"), at("stroke", arcColours[look]), coordinate("stroke-width", thickness(p, s)), at("d", d)),
		el("path", class("tip"), at("fill", arcColours[look]), at("d", fmt.Sprintf("M%s %sl-8 -4v8z", short(tip), short(end)))))
	letters = el("g", class("arc letters "+look))
	faults := s.on(p)
	if len(faults) > 0 {
		letters.children = append(letters.children, flash(x-5, y+2, faults[0]))
		words = append(words, labels(faults))
	}
	for n, w := range words {
		look := "word"
		if len(faults) > 0 && n == len(words)-1 {
			look = "word " + faults[0].look()
		}
		down := -5.0
		if n > 0 {
			down = float64(n) * 12
			if len(faults) > 0 {
				down += 9
			}
		}
		letters.children = append(letters.children, el("text", class(look), at("text-anchor", "middle"), at("font-size", "10.5"), at("fill", "currentColor"),
			coordinate("x", x), coordinate("y", said.place(x, y+down, cut(w, 20))), cut(w, 20)))
	}
	return link, letters
}

var arcColours = map[string]string{"calm": "#8aa4bd", "unused": "#bbbbbb", "hurt-1": "#ec9a78", "hurt-2": "#dc6a44", "hurt-3": "#c8401f", "hurt-4": "#a31f10"}

// thickness of an edge is by the magnitude of what crossed it a second.
func thickness(p pair, s scene) float64 {
	rate := float64(p.crossed()) / max(s.to-s.from, 1)
	w := 1.25
	for rate > 3 && w < 4.5 {
		w, rate = w+0.6, rate/4
	}
	return w
}

func (v vertex) draw(i int, s scene) node {
	look, status := "box", ""
	faults := s.in(v.member)
	what := "load"
	if v.member == nil {
		if o, any := s.users[v.name]; any && o.total() > 0 {
			switch {
			case o.failed+o.cut > 0:
				status = spell.Percent((o.failed+o.cut)/o.total()) + " failed"
				look += " hurt-" + strconv.Itoa(level((o.failed+o.cut)/o.total()))
			case o.degraded > 0:
				status = spell.Percent(o.degraded/o.total()) + " degraded"
				look += " second"
			default:
				status = "all ok"
			}
		}
	} else {
		what = v.member.kind
		if n := len(v.member.instances); n > 1 {
			what += " ×" + strconv.Itoa(n)
		}
		if in := s.into(v.name); level(in.bad()) > 0 {
			look += " hurt-" + strconv.Itoa(level(in.bad()))
			if status = spell.Percent(in.lost()) + " failed"; in.left() > in.lost() {
				status = spell.Percent(in.left()) + " gave up"
			}
		}
	}
	if len(faults) > 0 {
		look += " struck " + faults[0].look()
	}
	x, y := v.x-boxWidth/2, v.y-boxHeight/2
	if status != "" {
		what += " · " + status
	}
	link := el("a", at("href", "#fig-n"+strconv.Itoa(i)), class("vertex"), at("aria-label", v.name+", "+what))
	if v.member != nil && len(v.member.instances) > 1 { // a second sheet behind the first
		link.children = append(link.children, el("rect", class("behind"), coordinate("x", x+4), coordinate("y", y-4), coordinate("width", boxWidth),
			coordinate("height", boxHeight), at("rx", "9"), at("fill", "#ffffff"), at("stroke", "#999999")))
	}
	link.children = append(link.children,
		el("rect", class(look), coordinate("x", x), coordinate("y", y), coordinate("width", boxWidth), coordinate("height", boxHeight), at("rx", "9"),
			at("fill", "#ffffff"), at("stroke", "#777777")),
		el("text", class("title"), coordinate("x", x+11), coordinate("y", y+20), at("font-size", "13"), cut(v.name, 17)),
		el("text", class("word"), coordinate("x", x+11), coordinate("y", y+36), at("font-size", "10.5"), cut(what, 27)))
	if len(faults) > 0 {
		link.children = append(link.children, flash(x+boxWidth-14, y+13, faults[0]),
			el("text", class("word "+faults[0].look()), coordinate("x", v.x), coordinate("y", y+boxHeight+12), at("text-anchor", "middle"),
				at("font-size", "10.5"), cut(labels(faults), 26)))
	}
	return link
}

// flash marks where something was wrong.
func flash(x, y float64, s span) node {
	return el("path", class("flash "+s.look()), at("fill", "#7a4fb0"), at("d", "M"+short(x+4)+" "+short(y-7)+"l-5 8h4l-2 7l7-9h-4l3-6z"), el("title", s.title))
}

// cut shortens what has no room.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
