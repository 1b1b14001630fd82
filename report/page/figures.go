package page

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

func join(words []string) string { return strings.Join(words, ", ") }

// table makes one; the first columns, as many as left says, are words and the rest figures.
func table(caption string, left int, header []string, rows [][]any) node {
	head := el("tr")
	for i, h := range header {
		head.children = append(head.children, el("th", side(i, left), at("scope", "col"), h))
	}
	body := el("tbody")
	for _, row := range rows {
		tr := el("tr")
		for i, cell := range row {
			if ready, is := cell.(element); is && (ready.name == "td" || ready.name == "th") {
				tr.children = append(tr.children, ready)
				continue
			}
			name := "td"
			if i == 0 {
				name = "th"
			}
			tr.children = append(tr.children, el(name, side(i, left), cell))
		}
		body.children = append(body.children, tr)
	}
	t := el("div", class("wide"), el("table", el("thead", head), body))
	if caption == "" {
		return t
	}
	return nodes{t, el("p", class("below"), caption)} // a table's own would be as wide as what scrolls
}

func side(i, left int) attribute {
	if i < left {
		return class("l")
	}
	return class("n")
}

// dash is a count, and a dash for none.
func dash(n int64) string {
	if n == 0 {
		return "–"
	}
	return spell.Count(n)
}

// portionOf is a share of a whole, and a dash for none.
func portionOf(n, of int64) string {
	if n == 0 || of == 0 {
		return "–"
	}
	return spell.Percent(portion(n, of))
}

// panels are the figures of every arc and vertex, one of which is shown at a time.
func (g *graph) panels(r *record.Result, scenes []scene, spans []span) node {
	box := el("div", class("panels"), el("p", class("hint"), "Choose a node or an edge for its figures."))
	for i, a := range g.arcs {
		box.children = append(box.children, g.arcPanel(i, a, r, scenes, spans))
	}
	for i, v := range g.vertices {
		if v.name != "" {
			box.children = append(box.children, v.panel(i, r, scenes, spans))
		}
	}
	return box
}

func (g *graph) arcPanel(i int, a arc, r *record.Result, scenes []scene, spans []span) node {
	header := []string{"phase", "attempts", "failed", "gave up", "retries", "amplif.", "connections", "first byte", "p99"}
	row := func(name string, e record.Edge, took *record.Latency, amplification float64) []any {
		factor, first := "–", "–"
		if amplification > 0 {
			factor = strconv.FormatFloat(amplification, 'f', 2, 64) + "×"
		}
		if e.FirstByteMs > 0 || took != nil {
			first = spell.Milliseconds(e.FirstByteMs)
		}
		return []any{name, dash(crossed(e)), portionOf(e.Failures, ended(e)), portionOf(e.GaveUp, ended(e)), dash(e.Retries), factor, dash(e.Connections), first, slowest(took)}
	}
	var rows, replicas [][]any
	for _, s := range scenes {
		p := s.pairs[[2]string{a.from, a.to}]
		rows = append(rows, row(s.name, p.sum, p.took, p.worst))
	}
	for _, e := range r.Edges {
		if e.From == a.from && e.To == a.to {
			replicas = append(replicas, row(e.FromInst+" → "+e.ToInst, e, e.AnswerMs, e.Amplification))
		}
	}
	section := el("section", class("fig"), at("id", "fig-e"+strconv.Itoa(i)), el("h3", a.from+" → "+a.to))
	for _, sp := range spans {
		if slices.ContainsFunc(sp.edges, func(e string) bool { return slices.Contains(scenes[0].pairs[[2]string{a.from, a.to}].edges, e) }) {
			section.children = append(section.children, el("p", class("struck"), sp.title))
		}
	}
	section.children = append(section.children, table("", 1, header, rows))
	if len(replicas) > 1 {
		header[0] = "whole run, by replica"
		section.children = append(section.children, table("", 1, header, replicas))
	}
	return section
}

func (v vertex) panel(i int, r *record.Result, scenes []scene, spans []span) node {
	section := el("section", class("fig"), at("id", "fig-n"+strconv.Itoa(i)), el("h3", v.name))
	if v.member == nil {
		header := []string{"phase", "sent", "ok", "degraded", "failed"}
		var rows [][]any
		for _, s := range scenes {
			o := s.users[v.name]
			n := int64(o.total())
			rows = append(rows, []any{s.name, dash(n), portionOf(int64(o.ok), n), portionOf(int64(o.degraded), n), portionOf(int64(o.failed+o.cut), n)})
		}
		section.children = append(section.children, el("p", "Load: the users of the system."), table("", 1, header, rows))
		return section
	}
	restarts, names := 0, []string{}
	for _, n := range v.member.instances {
		restarts += n.Restarts
		names = append(names, n.Instance)
	}
	about := v.member.kind + ": " + join(names)
	if restarts > 0 {
		about += "; restarted " + spell.Count(int64(restarts)) + "×"
	}
	section.children = append(section.children, el("p", about))
	for _, sp := range (scene{spans: spans}).in(v.member) {
		section.children = append(section.children, el("p", class("struck"), sp.title))
	}
	section.children = append(section.children, v.counted(r))
	for _, n := range v.member.instances {
		if len(n.LeftOut) > 0 {
			section.children = append(section.children, el("p", n.Instance+" tells more than there is room for (keep chooses): "+join(n.LeftOut)))
		}
		if len(n.Absent) > 0 {
			section.children = append(section.children, el("p", n.Instance+" never told "+join(n.Absent)))
		}
	}
	return section
}

// counted is what the node's instances counted, by phase where that was recorded.
func (v vertex) counted(r *record.Result) node {
	header := []string{"counted"}
	var columns []map[string]float64
	for _, p := range r.Phases {
		sum := map[string]float64{}
		for _, n := range p.Nodes {
			if v.has(n.Instance) {
				addUp(sum, n.Counters)
			}
		}
		if len(p.Nodes) > 0 {
			header, columns = append(header, p.Name), append(columns, sum)
		}
	}
	if columns == nil {
		sum := map[string]float64{}
		for _, n := range v.member.instances {
			addUp(sum, n.Counters)
		}
		header, columns = append(header, "whole run"), append(columns, sum)
	}
	seen := map[string]bool{}
	for _, c := range columns {
		for metric, n := range c {
			if n != 0 {
				seen[metric] = true
			}
		}
	}
	var rows [][]any
	for _, metric := range slices.Sorted(maps.Keys(seen)) {
		row := []any{metricName(metric)}
		for _, c := range columns {
			if c[metric] == 0 {
				row = append(row, "–")
			} else {
				row = append(row, figure(c[metric]))
			}
		}
		rows = append(rows, row)
	}
	if rows == nil {
		return el("p", "It counted nothing.")
	}
	return table("", 1, header, rows)
}

func (v vertex) has(instance string) bool {
	return slices.ContainsFunc(v.member.instances, func(n record.Node) bool { return n.Instance == instance })
}

func addUp(sum, counters map[string]float64) {
	for metric, n := range counters {
		sum[metric] += n
	}
}

// metricName is a counter's name for people: squall_cache_hits_total is "cache hits".
func metricName(metric string) string {
	metric = strings.TrimPrefix(metric, "squall_")
	name, labels, labelled := strings.Cut(metric, "{")
	name = strings.ReplaceAll(strings.TrimSuffix(name, "_total"), "_", " ")
	if labelled {
		name += " " + strings.TrimSuffix(labels, "}")
	}
	return name
}
