// Package page draws a stored run as one page of HTML that needs nothing but itself: no network, no script to be read, no
// style from elsewhere. The charts are SVG, drawn here; a small script adds what a hand on them asks for (hover, zoom, a link
// to a moment), in the same drawing.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's style and script
	"encoding/base64"
	"fmt"
	"io"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

var (
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// Render writes the page of a stored run.
func Render(w io.Writer, r *record.Result) error { return Noted(w, r, "") }

// Noted is Render with a note above everything, "" for none.
func Noted(w io.Writer, r *record.Result, note string) error {
	body, rules, err := body(r, note)
	if err != nil {
		return fmt.Errorf("draw page: %w", err)
	}
	sheet := style + rules
	title := r.Scenario
	if r.Variant != "" {
		title += " / " + r.Variant
	}
	head := el("head",
		el("meta", at("charset", "utf-8")),
		el("meta", at("http-equiv", "Content-Security-Policy"), at("content", policy(sheet, script))),
		el("meta", at("name", "viewport"), at("content", "width=device-width, initial-scale=1")),
		el("meta", at("name", "color-scheme"), at("content", "light dark")),
		el("title", title+": "+string(r.Verdict)),
		el("style", verbatim(sheet)))
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n")
	el("html", at("lang", "en"), head, el("body", body, el("script", verbatim(script)))).write(&b)
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// policy lets this page's own style and script in, by their hashes, and nothing else whatever is in it.
func policy(style, script string) string {
	return "default-src 'none'; style-src " + hashOf(style) + "; script-src " + hashOf(script) + "; base-uri 'none'; form-action 'none'"
}

// hashOf is what a policy calls a style or a script by.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// body is all that is read, and the rules of style that this run's phases need.
func body(r *record.Result, note string) (node, string, error) {
	t, err := newTimeline(r)
	if err != nil {
		return nil, "", err
	}
	spans, data, several := spansOf(r, t.end), &sheet{}, words.SeveralLoads(r)
	b := newBlast(r, t, spans)
	sections := []section{
		{"findings", "Why", "Findings", "", why(r, t, several)},
		{"held", "What held", "Held", "What the architecture kept from its users, or from what is behind it, while faults were on, and what its rules refused.", held(r)},
		first(r, b, spans, t),
		{"time", "Over time", "Time", "", overTime(r, t, spans, data, several)},
		topologySection(r, t, spans),
		{"blast", "Who felt what", "Blast radius", "A column for each kind of request, a row for each thing that was wrong.", blastSection(b, spans, t, several)},
		{"hops", "Hop by hop", "Hops", "", hops(r)},
		{"requests", "Requests by phase", "Requests", "", requests(r, several)},
		{"edges", "Edges, queues and caches", "Edges", "", nodes{edges(pairsOf(r.Edges)), orNone(deliveries(r)), orNone(caches(r))}},
		{"receipts", "Receipts", "Receipts", "What met each fault while it was on, as counted where it was injected.", receipts(r)},
		{"honesty", "Can it be believed?", "Honesty", "The load generator's honesty, and the run's checks of itself.", honesty(r)},
		{"events", "What happened", "Events", "", folded("Events, in time", happened(r, t))},
		{"scenario", "The scenario as run", "Scenario", "", scenario(r)},
		{"environment", "Environment", "Environment", "", environment(r)},
	}
	main := el("main")
	if note != "" {
		main.children = append(main.children, el("p", class("note ended"), at("role", "status"), note))
	}
	main.children = append(main.children, head(r))
	nav := el("nav", at("aria-label", "Sections"))
	for _, s := range sections {
		if s.content == nil {
			continue
		}
		main.children = append(main.children, s.draw())
		nav.children = append(nav.children, el("a", at("href", "#"+s.id), s.short))
	}
	return nodes{nav, main}, rulesOf(min(len(r.Phases)+1, mostScenes)), nil
}

// section is a part of the page under a heading.
type section struct {
	id, title, short, about string // short is its name in the page's index
	content                 node
}

func (s section) draw() element {
	out := el("section", at("id", s.id))
	if s.title != "" {
		out.children = append(out.children, el("h2", s.title))
	}
	if s.about != "" {
		out.children = append(out.children, el("p", class("lead"), s.about))
	}
	out.children = append(out.children, s.content)
	return out
}

func orNone(n node) node {
	if n == nil {
		return nodes{}
	}
	return n
}

func folded(summary string, content node) node {
	if content == nil {
		return nil
	}
	return el("details", el("summary", summary), content)
}

func blastSection(b blast, spans []span, t *timeline, several bool) node {
	if len(spans) == 0 || len(b.kinds) == 0 {
		return nil
	}
	return b.matrix(spans, t, several)
}

// scenario is the file that was run, where the record has it.
func scenario(r *record.Result) node {
	if r.AsRun == "" {
		return nil
	}
	return folded("scenario.yaml", el("pre", class("code"), r.AsRun))
}
