package page

import (
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// shownFindings are read at once; the others are folded.
const shownFindings = 3

// why are the findings in sentences, that by which most was lost first; nil where there are none.
func why(r *record.Result, t *timeline, several bool) node {
	if len(r.Findings) == 0 {
		return nil
	}
	list := func(findings []record.Finding) node {
		ol := el("ol", class("findings"))
		for i, f := range findings {
			if i > 0 && slices.EqualFunc(f.Spread, findings[i-1].Spread, samePlace) {
				f.Spread = nil // one way is told once
			}
			ol.children = append(ol.children, finding(f, t, several))
		}
		return ol
	}
	out := nodes{list(r.Findings[:min(shownFindings, len(r.Findings))])}
	if rest := r.Findings[len(out[0].(element).children):]; len(rest) > 0 {
		said := spell.Count(int64(len(rest))) + " more findings"
		if len(rest) == 1 {
			said = "1 more finding"
		}
		out = append(out, folded(said, list(rest)))
	}
	return out
}

func finding(f record.Finding, t *timeline, several bool) node {
	when := clock(f.When.FromS, t.end) + " to " + clock(f.When.ToS, t.end)
	if f.When.Phase != "" {
		when = f.When.Phase + ", " + when
	}
	said := el("div", el("h3", f.Kind, el("small", f.Where)), el("p", class("when"), el("a", at("href", "#t="+short(f.When.FromS)), when), toll(f, several)),
		el("p", "Because "+strings.TrimSuffix(f.Because, ".")+"."))
	if len(f.Evidence) > 0 {
		evidence := el("ul")
		for _, e := range f.Evidence {
			evidence.children = append(evidence.children, el("li", e))
		}
		said.children = append(said.children, evidence)
	}
	if len(f.Spread) > 0 {
		said.children = append(said.children, way(f.Spread, t))
	}
	return el("li", class("finding"), said, remedies(f.Try))
}

// samePlace tells that two steps are of one node in one second, whoever's figures they show.
func samePlace(a, b record.Worsened) bool { return a.Where == b.Where && a.AtS == b.AtS }

// way is how a failure went from node to node, each with its first bad second.
func way(spread []record.Worsened, t *timeline) node {
	ol := el("ol", class("way"))
	for _, s := range spread {
		ol.children = append(ol.children, el("li", el("a", at("href", "#t="+short(s.AtS)), clock(s.AtS, t.end)), " ", el("b", s.Where), " ", s.What))
	}
	return el("div", el("p", class("when"), "How it spread"), ol)
}

// held is what the architecture kept from its users, or refused by rule; nil where it kept nothing.
func held(r *record.Result) node {
	if len(r.Absorbed) == 0 {
		return nil
	}
	ul, phase := el("ul", class("held")), ""
	for _, a := range r.Absorbed {
		item := el("li")
		if a.Phase != phase {
			item.children = append(item.children, el("b", a.Phase+": "))
		}
		phase = a.Phase
		item.children = append(item.children, text(a.Text), el("small", " "+a.By))
		ul.children = append(ul.children, item)
	}
	return ul
}

// remedies are the patterns to try: the first with what it buys, the others by their names.
func remedies(try []record.Remedy) node {
	if len(try) == 0 {
		return nil
	}
	box := el("div", class("try"), el("p", "Try ", el("b", try[0].Pattern)))
	if try[0].About != "" {
		box.children = append(box.children, el("p", try[0].About))
	}
	if try[0].Example != "" {
		box.children = append(box.children, el("p", el("code", try[0].Example)))
	}
	var names []string
	for _, r := range try[1:] {
		names = append(names, r.Pattern)
	}
	if names != nil {
		box.children = append(box.children, el("p", "or "+strings.Join(names, ", ")))
	}
	return box
}

// toll is what users lost while it was so.
func toll(f record.Finding, several bool) string {
	if f.Lost == 0 {
		return ""
	}
	return ": " + words.Lost(f) + words.Whose(f, !several, tied)
}

// tied keeps a text on one line where it has room there.
func tied(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }
