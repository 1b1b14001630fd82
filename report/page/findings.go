package page

import (
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// shownFindings are read at once; the others are folded.
const shownFindings = 3

// why are the findings in sentences, that by which most was lost first; nil where there are none.
func why(r *record.Result, t *timeline) node {
	if len(r.Findings) == 0 {
		return nil
	}
	list := func(findings []record.Finding) node {
		ol := el("ol", class("findings"))
		for _, f := range findings {
			ol.children = append(ol.children, finding(f, t))
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

func finding(f record.Finding, t *timeline) node {
	when := clock(f.When.FromS, t.end) + " to " + clock(f.When.ToS, t.end)
	if f.When.Phase != "" {
		when = f.When.Phase + ", " + when
	}
	item := el("li", class("finding"), el("h3", f.Kind, el("small", " "+f.Where)),
		el("p", class("when"), el("a", at("href", "#t="+short(f.When.FromS)), when), toll(f)), el("p", "Because "+f.Because))
	if len(f.Evidence) > 0 {
		evidence := el("ul")
		for _, e := range f.Evidence {
			evidence.children = append(evidence.children, el("li", e))
		}
		item.children = append(item.children, evidence)
	}
	for i, r := range f.Try {
		if i == 2 {
			break
		}
		try := el("p", class("try"), el("b", "Try "+r.Pattern))
		if r.About != "" {
			try.children = append(try.children, text(": "+strings.TrimSuffix(r.About, ".")+"."))
		}
		if r.Example != "" {
			try.children = append(try.children, text(" "), el("code", r.Example))
		}
		item.children = append(item.children, try)
	}
	return item
}

// toll is what users lost while it was so.
func toll(f record.Finding) string {
	if f.Lost == 0 {
		return ""
	}
	said := ": " + spell.Count(f.Lost) + " requests failed or were slow"
	if len(f.Who) > 0 {
		said += ", " + strings.Join(f.Who, ", ")
	}
	return said
}
