package page

import (
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// first is what is read first: what was done to whom, and what was expected, side by side where there is little of both.
func first(r *record.Result, b blast, spans []span, t *timeline) section {
	look := "first"
	if len(spans) > 2 {
		look = "first many"
	}
	box := el("div", class(look))
	if done := effects(b, spans, t); done != nil {
		box.children = append(box.children, el("div", el("h2", "What was done, and what users felt"), done))
	}
	if expected := promises(r); expected != nil {
		box.children = append(box.children, el("div", el("h2", "Expectations"), expected))
	}
	if box.children == nil {
		return section{}
	}
	return section{id: "summary", short: "Summary", content: box}
}

// overTime is every chart, below the strip that they share.
func overTime(r *record.Result, t *timeline, spans []span, data *sheet, several bool) node {
	if t.buckets() == 0 {
		return nil
	}
	behind := bands(r, t, spans)
	width := nodes{} // below the tools, which stand beside the title
	if t.width > 1 {
		width = nodes{el("p", class("lead"), "Each point is "+short(t.width)+" s: counts are added up, percentiles are of all requests of that time, and what nodes held is the most that was read.")}
	}
	box := el("div", class("timeline"), at("tabindex", "0"), at("role", "group"),
		at("data-begin", short(t.begin)), at("data-end", short(t.end)), at("data-width", short(t.width)), at("data-rows", strconv.Itoa(t.buckets())),
		at("aria-label", "Charts over the time of the run. Arrow keys move through it, plus and minus zoom, 0 shows all."), tools(t), width, strip(r, t, spans))
	group := func(title string, charts []chart) {
		if len(charts) == 0 {
			return
		}
		box.children = append(box.children, el("h3", title))
		for _, c := range charts {
			box.children = append(box.children, c.draw(t, behind))
		}
	}
	group("Who felt it", users(t, data, several))
	group("What users got", charts(t, data))
	in := readings{t, r.Series}
	if len(r.Series) > 0 {
		group("Attempts not answered well, by edge", crossings(in, byHarm(pairsOf(r.Edges)), data))
		for i, m := range members(r) {
			title := m.name + ", " + m.kind
			if n := len(m.instances); n > 1 {
				title += " ×" + strconv.Itoa(n)
			}
			group(title, m.inside(i, in, data))
		}
	}
	return nodes{box,
		el("details", class("data"), el("summary", "The figures of all charts, to copy (CSV)"), el("pre", at("id", "data"), data.csv(t)))}
}

// tools are for the page's script, and hidden without it.
func tools(t *timeline) node {
	button := func(id, said, title string) node {
		return el("button", at("type", "button"), at("id", id), at("title", title), said)
	}
	return el("div", class("tools"), el("output", at("id", "moment"), ""), el("span", class("how"), "Drag to zoom, click to mark a moment."),
		button("all", "Show all", "Zoom out to the whole run (0)"), button("link", "Copy link", "Copy a link to this moment"), button("copy", "Copy data", "Copy the figures of what is shown as CSV"))
}

func topologySection(r *record.Result, t *timeline, spans []span) section {
	scenes, worst := scenesOf(r, t, spans)
	return topologyIn(r, scenes, worst, spans)
}

// topologyIn draws the topology in some scenes, of which one is shown at first.
func topologyIn(r *record.Result, scenes []scene, chosen int, spans []span) section {
	s := section{id: "topology", title: "Topology", short: "Topology", about: "From clients to data, replicas folded. Edges are as thick as what crossed them, and coloured by what part of it was not answered well: it failed, or its caller had left."}
	if len(r.Edges) == 0 {
		return s
	}
	g := newGraph(r)
	box := el("div", class("topology"))
	tabs := el("div", class("tabs"))
	stage := el("div", class("stage"))
	for i, sc := range scenes {
		id := "scene-" + strconv.Itoa(i)
		input := el("input", at("type", "radio"), at("name", "scene"), at("id", id), class("tab"), at("data-from", short(sc.from)), at("data-to", short(sc.to)))
		if i == chosen {
			input.attributes = append(input.attributes, at("checked", ""))
		}
		box.children = append(box.children, input)
		label := el("label", at("for", id), sc.name)
		if lost := sc.lost(); level(lost) > 0 {
			label.children = append(label.children, el("small", class("loss-"+strconv.Itoa(level(lost))), spell.Percent(lost)+" failed"))
		}
		tabs.children = append(tabs.children, label)
		stage.children = append(stage.children, el("div", class("scene "+id), el("h4", sc.name), g.draw(sc)))
	}
	box.children = append(box.children, tabs, el("div", class("beside"), stage, g.panels(r, scenes, spans)))
	s.content = box
	return s
}

// lost is the share of users' requests that failed in a scene.
func (s scene) lost() float64 {
	lost, total := 0.0, 0.0
	for _, o := range s.users {
		lost += o.failed + o.cut
		total += o.total()
	}
	if total == 0 {
		return 0
	}
	return lost / total
}

// rulesOf shows the scene whose tab is chosen, and no other: so that it needs no script.
func rulesOf(scenes int) string {
	var b strings.Builder
	for i := range scenes {
		id := "scene-" + strconv.Itoa(i)
		b.WriteString("#" + id + ":checked~.beside ." + id + "{display:block}#" + id + ":checked~.tabs label[for=" + id + "]{background:var(--ink);color:var(--paper);border-color:var(--ink)}")
		b.WriteString("#" + id + ":focus-visible~.tabs label[for=" + id + "]{outline:2px solid var(--focus);outline-offset:2px}\n")
	}
	return b.String()
}
