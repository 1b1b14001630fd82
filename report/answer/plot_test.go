package answer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// What is the same everywhere, and what is known nowhere, is said; what differs is drawn from its least to its greatest, with its limit.
func TestCurvesInATerminal(t *testing.T) {
	spell := func(v float64) string { return fmt.Sprintf("%g/s", v) }
	limit := 20.0
	for name, c := range map[string]struct {
		curve Curve
		want  []string
		lines int
	}{
		"the same":   {Curve{Lines: []Line{{Points: []Point{{X: 1, Y: 5, Low: 5, High: 5}, {X: 2, Y: 5, Low: 5, High: 5}}}}}, []string{" it: 5/s everywhere"}, 2},
		"unknown":    {Curve{Lines: []Line{{Name: "none"}}}, []string{" it: unknown everywhere"}, 2},
		"it differs": {Curve{Lines: []Line{{Points: []Point{{X: 1, Y: 5, Low: 5, High: 5}, {X: 2, Y: 30, Low: 30, High: 30}}}}, Limit: &limit, Expected: "< 20/s"}, []string{" it, expected < 20/s\n", " 30/s ┤", "  5/s ┤●", "─", "1/s"}, 12},
	} {
		c.curve.Title, c.curve.SpellX, c.curve.SpellY = "it", spell, spell
		var b bytes.Buffer
		c.curve.terminal(&b, 60)
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: there is no %q in\n%s", name, want, b.String())
			}
		}
		if n := strings.Count(b.String(), "\n"); n != c.lines {
			t.Errorf("%s: %d lines, want %d:\n%s", name, n, c.lines, b.String())
		}
	}
}
