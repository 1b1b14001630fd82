package page

import (
	"bytes"
	_ "embed" // the style of answers
	"fmt"
	"io"
	"strconv"

	"github.com/squallhq/squall/report/answer"
)

//go:embed answer.css
var answerStyle string

// Answer writes the page of an answer about many runs, a comparison say: no script, nothing but itself.
func Answer(w io.Writer, a *answer.Answer) error {
	sheet := style + answerStyle
	main := el("main", el("header", el("h1", a.Title)))
	if a.Untold != "" {
		main.children = append(main.children, el("p", el("strong", class("badge inconclusive"), "can't tell"), " ", a.Untold))
	}
	if len(a.Sentences) > 0 {
		list := el("ul", class("reasons"))
		for _, s := range a.Sentences {
			list.children = append(list.children, el("li", s))
		}
		main.children = append(main.children, list)
	}
	for _, n := range a.Notes {
		main.children = append(main.children, el("p", class("note"), "Note: ", n))
	}
	for i, p := range a.Parts {
		part := el("section", at("id", "part-"+strconv.Itoa(i)))
		if p.Curve != nil {
			part.children = append(part.children, el("h2", p.Curve.Title), curveFigure(p.Curve))
		}
		if p.Table != nil && len(p.Table.Rows) > 0 {
			if p.Curve == nil {
				part.children = append(part.children, el("h2", p.Table.Title))
			}
			part.children = append(part.children, answerTable(p.Table))
		}
		if len(part.children) > 0 {
			main.children = append(main.children, part)
		}
	}
	if len(a.Method) > 0 {
		method := el("section", at("id", "method"), el("h2", "How this was found"))
		for _, m := range a.Method {
			method.children = append(method.children, el("p", class("lead"), m))
		}
		main.children = append(main.children, method)
	}
	head := el("head",
		el("meta", at("charset", "utf-8")),
		el("meta", at("http-equiv", "Content-Security-Policy"),
			at("content", "default-src 'none'; style-src "+hashOf(sheet)+"; base-uri 'none'; form-action 'none'")),
		el("meta", at("name", "viewport"), at("content", "width=device-width, initial-scale=1")),
		el("meta", at("name", "color-scheme"), at("content", "light dark")),
		el("title", a.Title),
		el("style", verbatim(sheet)))
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n")
	el("html", at("lang", "en"), head, el("body", main)).write(&b)
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

var answerLooks = map[answer.Look]string{answer.Plain: "", answer.Good: "good", answer.Bad: "bad", answer.Unknown: "unknown"}

// answerTable is a table whose cells have what is said beside them below.
func answerTable(t *answer.Table) node {
	head := el("tr", el("th", class("l"), at("scope", "col"), ""))
	for _, c := range t.Columns {
		cell := el("th", class("n"), at("scope", "col"), c.Name)
		if c.Beside != "" {
			cell.children = append(cell.children, el("small", c.Beside))
		}
		head.children = append(head.children, cell)
	}
	body := el("tbody")
	for _, r := range t.Rows {
		tr := el("tr", el("th", class("l"), at("scope", "row"), r.Name))
		for _, c := range r.Cells {
			tr.children = append(tr.children, answerCell(c))
		}
		body.children = append(body.children, tr)
	}
	table := el("div", class("wide"), el("table", class("answer"), el("thead", head), body))
	if t.Note == "" {
		return table
	}
	return nodes{table, el("p", class("below"), t.Note)}
}

var answerMarks = map[answer.Look]string{answer.Good: "✓ ", answer.Bad: "✗ "}

func answerCell(c answer.Cell) node {
	look := answerLooks[c.Look]
	if c.Beside == "" {
		return el("td", class("n "+look), answerMarks[c.Look]+c.Text)
	}
	return el("td", class("n"), c.Text, el("small", class(look), answerMarks[c.Look]+c.Beside))
}

// The size of a curve's drawing, and the room around its plot.
const (
	curveWidth, curveHeight = 760.0, 260.0
	curveLeft, curveRight   = 84.0, 26.0
	curveTop, curveBottom   = 18.0, 34.0
)

// curveFigure draws a curve with its limit and where that is crossed.
func curveFigure(c *answer.Curve) node {
	reachX, reachY := c.Reach()
	if same := c.Same(); same != "" {
		return el("p", class("lead"), same)
	}
	across := func(v float64) float64 { return curveLeft + along(v, reachX)*(curveWidth-curveLeft-curveRight) }
	down := func(v float64) float64 {
		return curveHeight - curveBottom - along(v, reachY)*(curveHeight-curveTop-curveBottom)
	}
	svg := el("svg", class("curve"), at("role", "img"), at("aria-label", c.Title), at("viewBox", fmt.Sprintf("0 0 %g %g", curveWidth, curveHeight)))
	text := func(x, y float64, anchor, look, said string) {
		svg.children = append(svg.children, el("text", class(look), coordinate("x", x), coordinate("y", y), at("text-anchor", anchor), at("font-size", "11"), said))
	}
	for _, y := range ends(reachY) {
		svg.children = append(svg.children, el("path", class("grid"), at("stroke", "#999999"), at("d", fmt.Sprintf("M%s %sH%s", short(curveLeft), short(down(y)), short(curveWidth-curveRight)))))
		text(curveLeft-8, down(y)+4, "end", "word", c.SpellY(y))
	}
	for _, x := range ticksOf(c, reachX) {
		text(across(x), curveHeight-12, "middle", "word", c.SpellX(x))
	}
	if c.Limit != nil {
		y := down(*c.Limit)
		svg.children = append(svg.children, el("path", class("limit"), at("stroke", "#a8280f"), at("stroke-dasharray", "5 4"), at("d", fmt.Sprintf("M%s %sH%s", short(curveLeft), short(y), short(curveWidth-curveRight)))))
		text(curveWidth-curveRight, y-5, "end", "limit", "expected "+c.Expected)
	}
	for _, x := range c.Cross {
		svg.children = append(svg.children, el("path", class("cross"), at("stroke", "#a8280f"), at("d", fmt.Sprintf("M%s %sV%s", short(across(x)), short(curveTop), short(curveHeight-curveBottom)))))
		text(across(x), curveTop-5, "middle", "limit", c.SpellX(x))
	}
	for n, l := range c.Lines {
		svg.children = append(svg.children, curveLine(c, l, "line-"+strconv.Itoa(n%4), across, down)...)
	}
	figure := el("figure", class("answer"), svg)
	if len(c.Lines) > 1 {
		legend := el("ul", class("legend"))
		for n, l := range c.Lines {
			legend.children = append(legend.children, el("li", el("span", class("key key-"+strconv.Itoa(n%4)), "●"), l.Name))
		}
		figure.children = append(figure.children, el("figcaption", legend))
	}
	return figure
}

// curveLine is a line's way, and each of its values with what the rounds spread over.
func curveLine(c *answer.Curve, l answer.Line, look string, across, down func(float64) float64) nodes {
	var out nodes
	way := ""
	for i, p := range l.Points {
		step := "L"
		if i == 0 {
			step = "M"
		}
		way += step + short(across(p.X)) + " " + short(down(p.Y))
	}
	out = append(out, el("path", class("line "+look), at("fill", "none"), at("stroke", colours[look]), at("d", way)))
	for _, p := range l.Points {
		out = append(out, el("path", class("line "+look), at("fill", "none"), at("stroke", colours[look]),
			at("d", fmt.Sprintf("M%s %sV%s", short(across(p.X)), short(down(p.Low)), short(down(p.High))))),
			el("circle", class("dot "+look), at("fill", colours[look]), coordinate("cx", across(p.X)), coordinate("cy", down(p.Y)), at("r", "3.5"),
				el("title", fmt.Sprintf("%s: %s (%s to %s)", c.SpellX(p.X), c.SpellY(p.Y), c.SpellY(p.Low), c.SpellY(p.High)))))
	}
	return out
}

// mostTicks is how many values have room below a curve.
const mostTicks = 9

// ticksOf are the values that stand below a curve: each of them, or the ends where they are too many.
func ticksOf(c *answer.Curve, reach [2]float64) (out []float64) {
	for _, p := range c.Lines[0].Points {
		out = append(out, p.X)
	}
	if len(out) == 0 || len(out) > mostTicks {
		return ends(reach)
	}
	return out
}

// ends are the least and the greatest of a reach, once where they are one.
func ends(reach [2]float64) []float64 {
	if reach[0] == reach[1] {
		return reach[:1]
	}
	return reach[:]
}

// along is how far along a reach a value is.
func along(v float64, reach [2]float64) float64 {
	if reach[0] == reach[1] {
		return .5
	}
	return (v - reach[0]) / (reach[1] - reach[0])
}
