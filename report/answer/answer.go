// Package answer is what a question about many runs came to, as plain parts: sentences, tables and curves. Every way to show it (terminal, Markdown,
// page) draws the same parts, so that none says what another does not.
package answer

import "slices"

// Answer is one question's.
type Answer struct {
	// Title says what was asked of what.
	Title string
	// Untold is why nothing can be told, "" where it can.
	Untold string
	// Sentences can be quoted: the answer itself, the most important first.
	Sentences []string
	// Notes are what a reader has to know to believe it.
	Notes []string
	Parts []Part
	// Method says how it was found, and what that is worth.
	Method []string
}

// Part is a table, a curve, or both.
type Part struct {
	Table *Table
	Curve *Curve
}

// Look is what a cell is to its reader, whatever colours there are.
type Look int

// The looks.
const (
	Plain Look = iota
	Good
	Bad
	Unknown
)

// mark is a look where there are no colours.
func (l Look) mark() string {
	return map[Look]string{Good: "✓ ", Bad: "✗ "}[l]
}

// Cell is one figure, and what is said beside it.
type Cell struct {
	Text string
	// Beside is how it differs from what its column is held against, with the look of that; "" where nothing is said.
	Beside string
	Look   Look
}

// said is what is beside a cell, with its mark.
func (c Cell) said() string {
	if c.Beside == "" {
		return ""
	}
	return c.Look.mark() + c.Beside
}

// text is a cell's own, with the mark of its look where nothing beside it has that.
func (c Cell) text() string {
	if c.Beside == "" {
		return c.Look.mark() + c.Text
	}
	return c.Text
}

// Column is what stands above cells; Beside is what stands above what is said beside them.
type Column struct{ Name, Beside string }

// Table is rows of figures: each has a name and as many cells as there are columns.
type Table struct {
	Title   string
	Columns []Column
	Rows    []Row
	// Note stands below, "" for none.
	Note string
}

// Row is a line of a table.
type Row struct {
	Name  string
	Cells []Cell
}

// Point is one value of a curve. What is not known is no point.
type Point struct{ X, Y, Low, High float64 }

// Line is one of a curve's, in the order of X.
type Line struct {
	Name   string
	Points []Point
}

// Curve is a figure over another.
type Curve struct {
	Title string
	Lines []Line
	// Limit is what the figure should keep to, nil where nothing was expected; Expected says it.
	Limit    *float64
	Expected string
	// Cross are the values of X at which the limit is crossed.
	Cross []float64
	// SpellX and SpellY write values.
	SpellX, SpellY func(float64) string
}

// Same says what a curve is that is the same everywhere, or known nowhere; "" where there is something to draw.
func (c *Curve) Same() string {
	_, y := c.Reach()
	switch {
	case !slices.ContainsFunc(c.Lines, func(l Line) bool { return len(l.Points) > 0 }):
		return "unknown everywhere"
	case y[0] == y[1]:
		return c.SpellY(y[0]) + " everywhere"
	}
	return ""
}

// Reach is the least and the greatest of a curve, its limit among them.
func (c *Curve) Reach() (x, y [2]float64) {
	first := true
	take := func(at *[2]float64, v float64) {
		at[0], at[1] = min(at[0], v), max(at[1], v)
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if first {
				x, y, first = [2]float64{p.X, p.X}, [2]float64{p.Low, p.High}, false
			}
			take(&x, p.X)
			take(&y, p.Low)
			take(&y, p.High)
		}
	}
	if c.Limit != nil && !first {
		take(&y, *c.Limit)
	}
	return x, y
}
