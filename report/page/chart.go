package page

import (
	"math"
	"strconv"
	"strings"
)

// series is one line of a chart.
type series struct {
	name   string
	look   string // its class, and the colour where there is no style
	column int    // of the sheet
	unit   string // of the column: ms, /s, share
}

// colours stand where the page's style is not let in, as in an artifact that Jenkins shows.
var colours = map[string]string{
	"good": "#2b6cb0", "sent": "#777777", "ok": "#7fb2dd", "degraded": "#e69f00", "failed": "#c8401f", "cut": "#8c6bb1",
	"p50": "#7fb2dd", "p90": "#4a90c9", "p99": "#1f5a94", "most": "#999999", "line-0": "#2b6cb0", "line-1": "#d27d0b",
	"line-2": "#148f77", "line-3": "#8c6bb1", "lost": "#f2b8a6", "goodarea": "#e3edf7",
}

// chart is one plot over the time of the run, with what its lines say beside it.
type chart struct {
	id, title, about string
	height           int // px
	scale            scale
	series           []series
	body             nodes // what is drawn, in the plot's own coordinates
}

// line draws values as a line through the middles of their buckets, broken where one is unknown.
func line(t *timeline, s scale, values []float64, look string) node {
	var b strings.Builder
	drawn := false // whether the pen is on the paper
	for i, v := range values {
		if math.IsNaN(v) {
			drawn = false
			continue
		}
		x, y := short(t.at(i)+t.width/2), place(s.of(v))
		switch next := i + 1; {
		case drawn:
			b.WriteString("L" + x + " " + y)
		case next == len(values) || math.IsNaN(values[next]): // alone: as wide as its bucket
			b.WriteString("M" + short(t.at(i)) + " " + y + "h" + short(t.width))
		default:
			b.WriteString("M" + x + " " + y)
			drawn = true
		}
	}
	return el("path", class("line "+look), at("fill", "none"), at("stroke", colours[look]), at("d", b.String()),
		at("vector-effect", "non-scaling-stroke"))
}

// area draws what is between two heights of each bucket, as steps.
func area(t *timeline, s scale, from, to []float64, look string) node {
	var b strings.Builder
	for i := 0; i < len(to); {
		if math.IsNaN(to[i]) || to[i] == from[i] {
			i++
			continue
		}
		end := i // of a run of buckets that have something
		for end < len(to) && !math.IsNaN(to[end]) && to[end] != from[end] {
			end++
		}
		b.WriteString("M" + short(t.at(i)) + " " + place(s.of(to[i])))
		for j := i; j < end; j++ {
			b.WriteString("V" + place(s.of(to[j])) + "H" + short(t.at(j)+t.width))
		}
		for j := end - 1; j >= i; j-- {
			b.WriteString("V" + place(s.of(from[j])) + "H" + short(t.at(j)))
		}
		b.WriteString("z")
		i = end
	}
	return el("path", class("area "+look), at("fill", colours[look]), at("d", b.String()))
}

// between draws what is between two lines, as they are drawn; neither has a gap.
func between(t *timeline, s scale, low, high []float64, look string) node {
	var b strings.Builder
	point := func(i int, values []float64) string { return short(t.at(i)+t.width/2) + " " + place(s.of(values[i])) }
	for i := range high {
		b.WriteString("ML"[min(i, 1):min(i, 1)+1] + point(i, high))
	}
	for i := len(low) - 1; i >= 0; i-- {
		b.WriteString("L" + point(i, low))
	}
	if b.Len() > 0 {
		b.WriteString("z")
	}
	return el("path", class("area "+look), at("fill", colours[look]), at("d", b.String()))
}

// lowChart is the height below which a chart has its highest line alone, px.
const lowChart = 60

// draw is the chart as it stands on the page. The plot is stretched to the room that there is; what is written lies over it.
func (c chart) draw(t *timeline, bands nodes) node {
	plot := el("svg", class("plot"), at("width", "100%"), at("height", strconv.Itoa(c.height)), at("viewBox", view(t)),
		at("preserveAspectRatio", "none"), at("role", "img"), at("aria-label", c.title), bands)
	var over nodes
	if c.scale != nil {
		ticks := c.scale.ticks()
		if c.height < lowChart { // no room for a second one
			ticks = ticks[:1]
		}
		for _, k := range ticks {
			y := place(k.y)
			plot.children = append(plot.children, el("path", class("grid"), at("stroke", "#8884"), at("fill", "none"),
				at("d", "M"+short(t.begin)+" "+y+"H"+short(t.end)), at("vector-effect", "non-scaling-stroke")))
			// Below its line where it is at the top, above it elsewhere.
			down := k.y/plotHeight*float64(c.height) - 3
			if down < 10 {
				down += 13
			}
			over = append(over, el("text", coordinate("x", 4), coordinate("y", down), k.text))
		}
	}
	plot.children = append(plot.children, c.body...)
	frame := el("div", class("frame"), plot)
	if over != nil {
		frame.children = append(frame.children, el("svg", class("over"), at("width", "100%"), at("height", strconv.Itoa(c.height)),
			at("aria-hidden", "true"), over))
	}
	return el("figure", class("chart"), at("id", c.id), c.caption(), frame)
}

func (c chart) caption() node {
	caption := el("figcaption", el("b", c.title))
	if c.about != "" {
		caption.children = append(caption.children, el("small", c.about))
	}
	if len(c.series) == 0 {
		return caption
	}
	list := el("ul", class("legend"))
	for _, s := range c.series {
		mark := swatch(s.look)
		if s.look == "" { // a row of shades
			mark = nodes{}
		}
		list.children = append(list.children, el("li", mark, el("span", s.name),
			el("output", at("data-column", strconv.Itoa(s.column)), at("data-unit", s.unit))))
	}
	caption.children = append(caption.children, list)
	return caption
}

func swatch(look string) node {
	return el("svg", class("swatch"), at("width", "10"), at("height", "10"), at("aria-hidden", "true"),
		el("rect", class("area "+look), at("width", "10"), at("height", "10"), at("fill", colours[look])))
}

// view is the part of a plot that is shown at first: all of it.
func view(t *timeline) string {
	return short(t.begin) + " 0 " + short(t.end-t.begin) + " " + strconv.Itoa(plotHeight)
}
