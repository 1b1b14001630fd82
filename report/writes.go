package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// judgeWrites holds what was read back against its bounds.
func judgeWrites(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	if !r.Writes.Checked {
		out.Why = "the writes could not be read back: " + r.Writes.Why
		out.Measured = "unknown"
		return
	}
	w := r.Writes
	var reordered int64
	if w.Reordered != nil {
		reordered = *w.Reordered
	} else if e.WritesReordered != nil {
		out.Why = "no read_back has the order of the writes"
		out.Measured = "unknown"
		return
	}
	type atMost struct {
		most *int
		n    int64
		word string
	}
	var measured, empty []string
	holds := true
	for _, data := range []struct {
		bounds []atMost
		of     int64
		noun   string
		none   string
	}{
		{[]atMost{{e.WritesLost, w.Lost, "lost"}, {e.WritesDuplicated, w.Duplicated, "duplicated"}, {e.WritesReordered, reordered, "reordered"}}, w.Acknowledged, "acknowledged" + mostlyBefore(w), "no write was acknowledged"},
		{[]atMost{{e.EventsLost, w.EventsLost, "lost"}, {e.EventsDuplicated, w.EventsDuplicated, "duplicated"}}, w.Events, "events", "no write has an event"},
	} {
		var said []string
		for _, b := range data.bounds {
			if b.most != nil {
				said = append(said, fmt.Sprintf("%d %s", b.n, b.word))
				holds = holds && b.n <= int64(*b.most)
			}
		}
		if len(said) > 0 {
			measured = append(measured, fmt.Sprintf("%s of %d %s", strings.Join(said, ", "), data.of, data.noun))
		}
		switch { // nothing lost of nothing shows nothing
		case len(said) == 0:
		case data.of == 0:
			empty = append(empty, data.none)
		case w.InPhases != nil && *w.InPhases == 0: // nor do the warm-up's
			empty = append(empty, fmt.Sprintf("no write was acknowledged in the phases; the %d %s are the warm-up's", data.of, data.noun))
		}
	}
	out.Measured = strings.Join(measured, ", ")
	if holds && len(empty) > 0 {
		out.Why = strings.Join(empty, ", ")
		return
	}
	out.Holds = &holds
}

// mostlyBefore says how many of the acknowledged writes were the warm-up's, where most of them were: so few of the phases show little.
func mostlyBefore(w record.Writes) string {
	if w.InPhases == nil || *w.InPhases == 0 || 2**w.InPhases >= w.Acknowledged {
		return ""
	}
	return fmt.Sprintf(", %d of them in the warm-up", w.Acknowledged-*w.InPhases)
}
