package topology

import (
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// Problem is one mistake: where the scenario has it, what is wrong, and what would be right.
type Problem struct {
	At        scenarios.Path
	What, Fix string
}

// Problems is every mistake that keeps a scenario from being planned. A non-empty Problems is an error.
type Problems []Problem

// Error is a line a problem, without its place, which is the file's to say.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.What
		if p.Fix != "" {
			lines[i] += "; " + p.Fix
		}
	}
	return strings.Join(lines, "\n")
}
