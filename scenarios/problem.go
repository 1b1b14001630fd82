package scenarios

import (
	"fmt"
	"strings"
)

// Position is a place in a scenario file; Line and Column count from 1.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Problem is one mistake: where it is, what is wrong, and what would be right.
type Problem struct {
	Position
	What string
	Fix  string
}

// Error is the one line "file:line:column: what is wrong; what would be right".
func (p Problem) Error() string {
	s := p.Position.String() + ": " + p.What
	if p.Fix != "" {
		s += "; " + p.Fix
	}
	return s
}

// Problems is every mistake of a file, in the file's order. A non-empty Problems is an error.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
