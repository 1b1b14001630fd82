package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
)

const preface = `# Examples

Scenarios to start from, one a fault family: [quickstart](quickstart.yaml), [latency](latency.yaml), [partition](partition.yaml),
[region-outage](region-outage.yaml), [crash](crash.yaml). Each has a variant without what protects it, and a test runs both.
[login](login.yaml) is about load: visits that log in and carry a token on, data from a file, and checks that see a wrong answer behind a right status.
[direct](direct.yaml) asks a database itself, in SQL: open and closed, with writes that are accounted for over a crash.

## What each pattern buys

One scenario a pattern in [patterns/](patterns). As it stands it passes; its variant ` + "`without`" + ` differs by the pattern alone and
fails. The table has what was measured **without → with** the pattern, in the phase and of the requests that the pattern decides; in bold is
the figure that decides. *In virtual time* nothing is charged but what the scenario says (seed 1); *in containers* the same scenario ran on a
shared machine with two cores, again where a run could not be told or came out otherwise (*at run 2*). Availability counts degraded answers as answers, latencies count from when a request was due, amplification is
attempts for each one that no retry caused. [COSTS.md](COSTS.md) has what each pattern costs.

` + "`make patterns`" + ` writes this file, ` + "`make confirm`" + ` runs the containers; what they measured is in [patterns/measured](patterns/measured).
`

// writeReadme writes examples/README.md: a pure function of the files and of what was measured.
func writeReadme(w io.Writer, examples []*example, measured map[string]*table) error {
	fmt.Fprint(w, preface, "\n", summary(examples, measured), "\n")
	for _, g := range groups {
		of := inGroup(examples, g)
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n### %s\n\n| pattern | in virtual time | in containers |\n|---|---|---|\n", g.title)
		for _, e := range of {
			if err := writeRow(w, e, measured); err != nil {
				return err
			}
		}
		for _, e := range of {
			if e.ladder == nil {
				continue
			}
			if err := writeLadder(w, e, measured); err != nil {
				return err
			}
		}
	}
	return writePractices(w, examples)
}

// inGroup are the examples whose first practice is the group's, in the practices' order. A ladder is of adoption, whatever its steps are.
func inGroup(examples []*example, g group) []*example {
	var of []*example
	place := func(e *example) int {
		if e.ladder != nil {
			return slices.IndexFunc(g.practices, func(p practice) bool { return p.id == stepwise })
		}
		return slices.IndexFunc(g.practices, func(p practice) bool { return p.id == e.covers[0] })
	}
	for _, e := range examples {
		if place(e) >= 0 {
			of = append(of, e)
		}
	}
	slices.SortStableFunc(of, func(a, b *example) int { return place(a) - place(b) })
	return of
}

// summary says how many were confirmed where.
func summary(examples []*example, measured map[string]*table) string {
	var said []string
	for _, engine := range []struct{ name, words string }{{docker, "in containers"}, {process, "as processes"}} {
		n, again := 0, 0
		var not []string
		for _, e := range examples {
			switch entry := measured[engine.name].of(e); {
			case entry == nil || !entry.confirmed():
				not = append(not, e.name)
			case entry.again():
				n, again = n+1, again+1
			default:
				n++
			}
		}
		text := fmt.Sprintf("%d of %d %s, %d of them not at the first run", n, len(examples), engine.words, again)
		if 0 < len(not) && len(not) <= 8 { // else the rows say so
			text += " (not: " + strings.Join(not, ", ") + ")"
		}
		said = append(said, text)
	}
	return fmt.Sprintf("Confirmed, both sides: %s.", strings.Join(said, "; "))
}

func writeRow(w io.Writer, e *example, measured map[string]*table) error {
	entry := measured[virtual].of(e)
	if entry == nil {
		return fmt.Errorf("%s has changed since it was measured in virtual time: run make patterns", e.file)
	}
	s, err := language.LoadFile(e.file, "")
	if err != nil {
		return err
	}
	if entry.Decides >= len(s.Expect) {
		return fmt.Errorf("%s has no expectation %d: run make patterns", e.file, entry.Decides)
	}
	if !entry.confirmed() {
		return fmt.Errorf("%s does not come out as it should in virtual time: mend it, then run make patterns", e.file)
	}
	decides := s.Expect[entry.Decides]
	about := "[" + e.name + "](patterns/" + e.name + ".yaml): " + escaped(e.about)
	if where := where(decides); where != "" {
		about += "<br>*" + escaped(where) + "*"
	}
	_, err = fmt.Fprintf(w, "| %s | %s | %s |\n", about, cell(e, entry, decides), confirmation(e, measured[docker], decides))
	return err
}

// where says what the figures are of.
func where(x scenarios.Expectation) string {
	var said []string
	switch {
	case x.After != "":
		said = append(said, x.After)
	case x.In != "" && x.In != "all":
		said = append(said, x.In)
	}
	if x.Of != "" && x.Of != "all" && !strings.Contains(x.Of, "->") {
		said = append(said, x.Of)
	}
	return strings.Join(said, ", ")
}

// cell is one engine's figures.
func cell(e *example, entry *entry, decides scenarios.Expectation) string {
	return escaped(strings.Join(bought(&entry.side(e.naive()).Figures, &entry.side("").Figures, decides), "<br>"))
}

// confirmation is what the containers said, and how it came to be said.
func confirmation(e *example, t *table, decides scenarios.Expectation) string {
	entry := t.Scenarios[e.name]
	switch {
	case entry == nil:
		return "not run yet"
	case entry.SHA256 != e.hash:
		return "changed since it was run on " + entry.On
	}
	out := cell(e, entry, decides)
	var later []string // the sides that came out as they should at a later run than the first
	for _, variant := range e.sides(t.Engine) {
		s, name := entry.side(variant), named(variant)
		switch {
		case !s.AsItShould:
			out += fmt.Sprintf("<br>not confirmed: `%s` %s (%s)", name, escaped(s.Why), runs(len(s.Runs)))
		case len(s.Runs) > 1:
			later = append(later, fmt.Sprintf("`%s` at run %d", name, len(s.Runs)))
		}
	}
	if len(later) > 0 {
		out += "<br>(" + strings.Join(later, ", ") + ")"
	}
	return out
}

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// escaped is a text that a Markdown table can hold in a cell.
func escaped(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", `\|`)), " ")
}
