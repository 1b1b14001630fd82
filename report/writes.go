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
	holds := true
	within := func(most *int, n int64, word string, said []string) []string {
		if most == nil {
			return said
		}
		holds = holds && n <= int64(*most)
		return append(said, fmt.Sprintf("%d %s", n, word))
	}
	var measured []string
	w := r.Writes
	if said := within(e.WritesDuplicated, w.Duplicated, "duplicated", within(e.WritesLost, w.Lost, "lost", nil)); len(said) > 0 {
		measured = append(measured, fmt.Sprintf("%s of %d acknowledged", strings.Join(said, ", "), w.Acknowledged))
	}
	if said := within(e.EventsDuplicated, w.EventsDuplicated, "duplicated", within(e.EventsLost, w.EventsLost, "lost", nil)); len(said) > 0 {
		measured = append(measured, fmt.Sprintf("%s of %d events", strings.Join(said, ", "), w.Events))
	}
	out.Measured = strings.Join(measured, ", ")
	out.Holds = &holds
}
