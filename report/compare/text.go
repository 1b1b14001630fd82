package compare

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// Text writes a comparison for people: what is worse first, then what can't be told and what is better; what is the same is counted.
func (c *Comparison) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "\n %s\n", c.heading())
	for _, note := range c.Notes {
		fmt.Fprintf(b, "   note: %s\n", note)
	}
	if c.Untold != "" {
		fmt.Fprintf(b, " ? can't tell: %s\n", c.Untold)
	}
	rows := slices.Clone(c.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Change, b.Change) })
	wide := 0
	for _, r := range rows {
		if r.Change != Same {
			wide = max(wide, len([]rune(r.Name)))
		}
	}
	same := 0
	for _, r := range rows {
		switch r.Change {
		case Same:
			same++
		case Untold:
			fmt.Fprintf(b, " ? %-*s  %s\n", wide, r.Name, r.Why)
		default:
			fmt.Fprintf(b, " %s %-*s  %s\n", map[Change]string{Worse: "✗ worse ", Improved: "✓ better"}[r.Change], wide, r.Name, c.size(r))
		}
	}
	if len(rows) > 0 {
		words := "differ no more than chance does"
		if c.Exact {
			words = "are the same"
		}
		fmt.Fprintf(b, "   %d of %d figures %s\n", same, len(rows), words)
	}
	return b.Flush()
}

func (c *Comparison) heading() string {
	of := c.A.Title()
	if other := c.B.Title(); other != of {
		of += " against " + other
	}
	return fmt.Sprintf("%s, %d and %d runs", of, len(c.A.Runs), len(c.B.Runs))
}

// size is a row's change in words: 20.0 ms -> 41.0 ms, +21.0 ms (95 % 18.0 ms to 24.0 ms).
func (c *Comparison) size(r Row) string {
	s := fmt.Sprintf("%s -> %s, %s", r.Unit.Spell(r.A), r.Unit.Spell(r.B), r.Unit.Signed(r.By))
	if !c.Exact {
		s += fmt.Sprintf(" (95 %% %s to %s)", r.Unit.Signed(r.Low), r.Unit.Signed(r.High))
	}
	return s
}

// Signed spells a difference: of shares it is in points.
func (u Unit) Signed(v float64) string {
	sign := "+"
	if v < 0 {
		sign = "-"
	}
	v = math.Abs(v)
	switch u {
	case Share:
		return fmt.Sprintf("%s%.2f points", sign, v*100)
	case YesNo:
		return fmt.Sprintf("%s%.0f points", sign, v*100)
	}
	return sign + u.Spell(v)
}
