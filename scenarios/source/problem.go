package source

import (
	"fmt"
	"slices"
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

// maxProblems is how many mistakes are told at once.
const maxProblems = 100

// Ordered sorts by place, drops doubles, and keeps the first hundred.
func (ps Problems) Ordered() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := a.Line - b.Line; c != 0 {
			return c
		}
		if c := a.Column - b.Column; c != 0 {
			return c
		}
		return strings.Compare(a.What, b.What)
	})
	ps = slices.CompactFunc(ps, func(a, b Problem) bool { return a.Position == b.Position && a.What == b.What })
	if len(ps) > maxProblems {
		last := ps[maxProblems]
		ps = append(ps[:maxProblems:maxProblems], Problem{last.Position, "more problems from here on", "mend the ones above first"})
	}
	return ps
}

// Report collects the mistakes of one file.
type Report struct {
	File     string
	Problems Problems
}

// Full tells that there are more mistakes than are told, and that looking for more is a waste.
func (r *Report) Full() bool { return len(r.Problems) > 2*maxProblems }

// Problem is a mistake where a value stands.
func (r *Report) Problem(v *Value, what, fix string) { r.ProblemAt(v.At, what, fix) }

// ProblemAt is a mistake at a place.
func (r *Report) ProblemAt(at Place, what, fix string) {
	r.Problems = append(r.Problems, Problem{Position{r.File, at.Line, at.Column}, what, fix})
}
