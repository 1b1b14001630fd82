package sweep

import (
	"fmt"

	"github.com/squallhq/squall/report/answer"
)

// Sweep is a scenario over one range of values, or a grid of two.
type Sweep struct {
	Scenario string
	// Set are changes in all of it.
	Set    []string
	Along  Range
	Across *Range
	Seeds  []uint64
	Curves []*Curve
	// Passed is at how many rounds of each value every expectation held, in the order of Lines; nil where nothing is expected.
	Passed [][]int
}

var methods = []string{
	"Each value is run once a round in virtual time, all of a round with one seed. A figure is the median of the rounds, with the least and the greatest. " +
		"A crossing is taken from a straight line between the medians of two values: it is no better known than those two are apart, and what single rounds cross at is beside it.",
}

// Answer is a sweep as sentences, tables and curves.
func (s *Sweep) Answer() *answer.Answer {
	a := &answer.Answer{Title: fmt.Sprintf("%s over %s: %d values", s.Scenario, s.Along.Path, len(s.Along.Values)), Method: methods}
	if s.Across != nil {
		a.Title = fmt.Sprintf("%s over %s and %s: %d by %d values", s.Scenario, s.Along.Path, s.Across.Path, len(s.Along.Values), len(s.Across.Values))
	}
	a.Title += fmt.Sprintf(", %d rounds each, in virtual time", len(s.Seeds))
	for _, set := range s.Set {
		a.Notes = append(a.Notes, "with "+set)
	}
	for _, c := range s.Curves {
		for j, line := range c.Lines {
			if said := c.sentence(line, s.Along, s.where(j)); said != "" {
				a.Sentences = append(a.Sentences, said)
			}
		}
	}
	if s.Across == nil {
		a.Parts = append(a.Parts, answer.Part{Table: s.table()})
	}
	for _, c := range s.Curves {
		part := answer.Part{Curve: s.curve(c)}
		if s.Across != nil {
			part.Table = s.grid(c)
		}
		if part.Curve == nil {
			a.Notes = append(a.Notes, c.Name+" is unknown at every value: no such request, or too few answers")
		}
		a.Parts = append(a.Parts, part)
	}
	return a
}

// where is a line's value of the second range.
func (s *Sweep) where(line int) string {
	if s.Across == nil {
		return ""
	}
	return " at " + s.Across.Path + "=" + s.Across.Values[line].Text
}

// table has a row for each value, a column for each figure.
func (s *Sweep) table() *answer.Table {
	t := &answer.Table{Title: s.Along.Path}
	for _, c := range s.Curves {
		name := c.Name
		if c.Limit != nil {
			name += ", expected " + c.Expected()
		}
		t.Columns = append(t.Columns, answer.Column{Name: name})
	}
	if s.Passed != nil {
		t.Columns = append(t.Columns, answer.Column{Name: "all that is expected holds"})
	}
	for i, v := range s.Along.Values {
		row := answer.Row{Name: v.Text}
		for _, c := range s.Curves {
			row.Cells = append(row.Cells, c.cell(c.Lines[0][i]))
		}
		if s.Passed != nil {
			row.Cells = append(row.Cells, answer.Cell{Text: fmt.Sprintf("in %d of %d", s.Passed[0][i], len(s.Seeds))})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// grid has a row for each value of the first range, a column for each of the second.
func (s *Sweep) grid(c *Curve) *answer.Table {
	t := &answer.Table{Title: c.Name}
	if c.Limit != nil {
		t.Title += ", expected " + c.Expected()
	}
	for _, v := range s.Across.Values {
		t.Columns = append(t.Columns, answer.Column{Name: v.Text})
	}
	for i, v := range s.Along.Values {
		row := answer.Row{Name: v.Text}
		for j := range s.Across.Values {
			row.Cells = append(row.Cells, c.cell(c.Lines[j][i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (c *Curve) cell(p Point) answer.Cell {
	middle, least, greatest, in := p.Middle()
	if in == 0 {
		return answer.Cell{Text: "unknown", Look: answer.Unknown}
	}
	cell := answer.Cell{Text: c.Spell(middle)}
	if least != greatest {
		cell.Text += fmt.Sprintf(" (%s to %s)", c.Spell(least), c.Spell(greatest))
	}
	if in < len(p.Rounds) {
		cell.Text += fmt.Sprintf(" in %d of %d", in, len(p.Rounds))
	}
	switch {
	case c.Limit == nil:
	case c.holds(middle):
		cell.Look = answer.Good
	default:
		cell.Look = answer.Bad
	}
	return cell
}

// curve is drawn where anything of it is known.
func (s *Sweep) curve(c *Curve) *answer.Curve {
	out := &answer.Curve{Title: c.Name, Limit: c.Limit, Expected: c.Expected(), SpellX: s.Along.Spell, SpellY: c.Spell}
	known := false
	for j, line := range c.Lines {
		drawn := answer.Line{}
		if s.Across != nil {
			drawn.Name = s.Across.Path + "=" + s.Across.Values[j].Text
		}
		for i, p := range line {
			if middle, least, greatest, in := p.Middle(); in > 0 {
				drawn.Points = append(drawn.Points, answer.Point{X: s.Along.Values[i].Number, Y: middle, Low: least, High: greatest})
				known = true
			}
		}
		out.Lines = append(out.Lines, drawn)
		for _, x := range c.Crossings(line, s.Along.Values) {
			out.Cross = append(out.Cross, x.At)
		}
	}
	if !known {
		return nil
	}
	return out
}
