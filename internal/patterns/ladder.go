package main

import (
	"fmt"
	"io"

	"github.com/squallhq/squall/scenarios"
)

// writeLadder writes an example's steps, each one pattern more than the one before, and which of them bought most.
func writeLadder(w io.Writer, e *example, measured map[string]*table) error {
	settled := measured[virtual].of(e)
	if settled == nil {
		return fmt.Errorf("%s has changed since it was measured in virtual time: run make patterns", e.file)
	}
	s, err := scenarios.LoadFile(e.file, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n**Step by step: [%s](patterns/%s.yaml).** Each step keeps those before it. The figures are of %s.\n",
		e.name, e.name, words(where(s.Expect[settled.Decides])))
	for _, engine := range []struct{ name, words string }{{virtual, "in virtual time"}, {docker, "in containers"}} {
		entry := measured[engine.name].of(e)
		if entry == nil {
			continue // the row above says so
		}
		fmt.Fprintf(w, "\n| step, %s | availability | p99 | amplification | recovery |\n|---|--:|--:|--:|--:|\n", engine.words)
		most := best(e, entry)
		for i, variant := range e.ladder {
			f := &entry.side(variant).Figures
			name, availability := variant, share(f.Availability)
			if i == most {
				name, availability = "**"+name+"**", "**"+availability+"**"
			}
			amplification := "1.00x"
			if edge := worst(f.Amplification); edge != "" {
				amplification = f.amplified(edge, scenarios.Expectation{}) + ", " + edge
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", name, availability, milliseconds(f.P99Ms), amplification, f.Recovery)
		}
		if most > 0 {
			gain := *entry.side(e.ladder[most]).Figures.Availability - *entry.side(e.ladder[most-1]).Figures.Availability
			fmt.Fprintf(w, "\nThe step in bold bought most: %.1f points of availability.\n", 100*gain)
		}
	}
	return nil
}

// best is the step that bought the most availability, 0 where none bought any.
func best(e *example, entry *entry) int {
	most, gain := 0, 0.
	for i := 1; i < len(e.ladder); i++ {
		before, now := entry.side(e.ladder[i-1]).Figures.Availability, entry.side(e.ladder[i]).Figures.Availability
		if before != nil && now != nil && *now-*before > gain {
			most, gain = i, *now-*before
		}
	}
	return most
}

func words(where string) string {
	if where == "" {
		return "the whole run"
	}
	return where
}
