package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/metric"
)

// writeLadder writes an example's steps, each one pattern more than the one before, and which of them bought most: in the whole run,
// and in each phase that is any trouble.
func writeLadder(w io.Writer, e *example, measured map[string]*table) error {
	settled := measured[virtual].of(e)
	if settled == nil {
		return fmt.Errorf("%s has changed since it was measured in virtual time: run make patterns", e.file)
	}
	s, err := language.LoadFile(e.file, "")
	if err != nil {
		return err
	}
	var troubles []string
	for _, p := range s.Phases {
		if settled.side(e.naive()).Figures.Phases[p.Name] < calm {
			troubles = append(troubles, p.Name)
		}
	}
	fmt.Fprintf(w, "\n**Step by step: [%s](patterns/%s.yaml).** Each step keeps those before it; in bold is the step that bought most availability, over all and in each trouble. *All but it* is the availability of all steps together less that one alone.\n",
		e.name, e.name)
	for _, engine := range []struct{ name, words string }{{virtual, "in virtual time"}, {docker, "in containers"}} {
		if entry := measured[engine.name].of(e); entry != nil { // where there is none the row above says so
			writeSteps(w, e, entry, engine.words, troubles)
		}
	}
	return nil
}

// calm is the availability without any protection above which a phase is no trouble.
const calm = .99

func writeSteps(w io.Writer, e *example, entry *entry, engine string, troubles []string) {
	ablated := slices.ContainsFunc(e.ladder, func(step string) bool { return entry.side(less(step)) != nil })
	columns := len(troubles)
	fmt.Fprintf(w, "\n| step, %s | availability |", engine)
	if ablated {
		fmt.Fprint(w, " all but it |")
		columns++
	}
	fmt.Fprint(w, " p99 | recovery | amplification |")
	for _, phase := range troubles {
		fmt.Fprintf(w, " %s |", phase)
	}
	fmt.Fprintf(w, "\n|---|--:|--:|--:|--:|%s\n", strings.Repeat("--:|", columns))
	step := func(i int) *figures { return &entry.side(e.ladder[i]).Figures }
	over := func(i int) float64 { return *step(i).Availability }
	for i, variant := range e.ladder {
		f := step(i)
		amplified := report.Spell(metric.Amplification, 1)
		if edge := worst(1, f.Amplification); edge != "" {
			amplified = f.amplified(edge, scenarios.Expectation{}) + " to " + edge[strings.LastIndex(edge, " ")+1:]
		}
		fmt.Fprintf(w, "| %s | %s |", variant, gained(over, len(e.ladder), i))
		if all := entry.side(less(variant)); all != nil {
			fmt.Fprintf(w, " %s |", share(all.Figures.Availability))
		} else if ablated {
			fmt.Fprint(w, " |")
		}
		fmt.Fprintf(w, " %s | %s | %s |", milliseconds(f.P99Ms), f.Recovery, amplified)
		for _, phase := range troubles {
			in := func(i int) float64 { return step(i).Phases[phase] }
			fmt.Fprintf(w, " %s |", gained(in, len(e.ladder), i))
		}
		fmt.Fprintln(w)
	}
}

// gained spells the ith of n steps' availability, in bold where no other step gained more over the one before.
func gained(of func(int) float64, n, i int) string {
	text := report.Spell(metric.Success, of(i))
	most, gain := 0, 0.
	for k := 1; k < n; k++ {
		if d := of(k) - of(k-1); d > gain {
			most, gain = k, d
		}
	}
	if most > 0 && i == most {
		return "**" + text + "**"
	}
	return text
}
