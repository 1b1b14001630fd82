package terminal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/squallhq/squall/report/words"
)

// column is one of a grid.
type column struct {
	name string
	// text stands to the left, figures to the right.
	text bool
	// rank says which columns go first where there is no room for all: the highest. Those of 0 stay; before one of 1 goes, what is in
	// brackets does, and names are shortened to legible.
	rank int
}

// row is one line of a grid; its notes are sentences below it.
type row struct {
	cells []string
	notes []string
}

// grid is a table without borders that is never wider than its sheet: columns go, the highest rank first, then names are shortened. On a
// sheet below narrow, what does not fit whole is stacked instead, with all that a sheet of DefaultWidth shows.
type grid struct {
	columns []column
	rows    []row
}

// gap stands between two columns.
const gap = 2

// shortest is how long a name stays when names are shortened, legible when that is for the sake of a column.
const (
	shortest = 14
	legible  = 20
)

func (g *grid) add(cells ...string) *row {
	if len(cells) != len(g.columns) {
		panic(fmt.Sprintf("a row of %d cells in a grid of %d columns", len(cells), len(g.columns)))
	}
	g.rows = append(g.rows, row{cells: cells})
	return &g.rows[len(g.rows)-1]
}

func (n *row) note(text string) {
	if text != "" {
		n.notes = append(n.notes, text)
	}
}

// table writes a grid after an empty line; one without rows is nothing at all.
func (s *sheet) table(g *grid) error {
	if len(g.rows) == 0 {
		return nil
	}
	s.line("")
	g.drop(func(i int) bool { return g.empty(i) })
	if s.Width < narrow && g.width() > s.room() {
		g.narrow(DefaultWidth - 1)
		s.stack(g)
		return nil
	}
	g.narrow(s.room())
	if g.shorten(s.room()); g.width() > s.room() {
		s.stack(g)
		return nil
	}
	return s.draw(g)
}

// narrow drops columns until the rest fit, or none is left to drop.
func (g *grid) narrow(room int) {
	for g.width() > room {
		rank := slices.MaxFunc(g.columns, func(a, b column) int { return a.rank - b.rank }).rank
		if rank == 0 || rank == 1 && (g.curt() <= room || g.shortened(legible) <= room) {
			return
		}
		last := 0
		for i, c := range g.columns {
			if c.rank == rank {
				last = i
			}
		}
		g.drop(func(i int) bool { return i == last })
	}
}

// curt takes what stands in brackets out of the columns that have brackets in their names, and returns how wide the grid is then.
func (g *grid) curt() int {
	const open = " ("
	columns := slices.Clone(g.columns)
	for i, c := range columns {
		if !strings.Contains(c.name, open) {
			continue
		}
		columns[i].name, _, _ = strings.Cut(c.name, open)
		for n := range g.rows {
			g.rows[n].cells = slices.Clone(g.rows[n].cells)
			g.rows[n].cells[i], _, _ = strings.Cut(g.rows[n].cells[i], open)
		}
	}
	g.columns = columns
	return g.width()
}

// shortened is the grid's width with no name longer than so much.
func (g *grid) shortened(most int) int {
	w := g.width()
	for i, c := range g.columns {
		if c.text {
			w -= g.widthOf(i) - min(g.widthOf(i), max(most, twwidth.Width(c.name)))
		}
	}
	return w
}

// empty tells whether nothing stands in a column.
func (g *grid) empty(i int) bool {
	return !slices.ContainsFunc(g.rows, func(r row) bool { return r.cells[i] != "" })
}

func (g *grid) drop(which func(int) bool) {
	for i := len(g.columns) - 1; i >= 0; i-- {
		if !which(i) {
			continue
		}
		g.columns = slices.Delete(slices.Clone(g.columns), i, i+1)
		for n := range g.rows {
			g.rows[n].cells = slices.Delete(slices.Clone(g.rows[n].cells), i, i+1)
		}
	}
}

func (g *grid) widthOf(i int) int {
	w := twwidth.Width(g.columns[i].name)
	for _, r := range g.rows {
		w = max(w, twwidth.Width(r.cells[i]))
	}
	return w
}

func (g *grid) width() int {
	w := gap * (len(g.columns) - 1)
	for i := range g.columns {
		w += g.widthOf(i)
	}
	return w
}

// shorten takes columns from the longest names until all fits, or no name is long.
func (g *grid) shorten(room int) {
	for over := g.width() - room; over > 0; over = g.width() - room {
		longest, at := shortest, -1
		for i, c := range g.columns {
			if w := g.widthOf(i); c.text && w > longest {
				longest, at = w, i
			}
		}
		if at < 0 {
			return
		}
		to := max(longest-over, shortest, twwidth.Width(g.columns[at].name))
		if to == longest {
			return
		}
		for _, r := range g.rows {
			r.cells[at] = shortened(r.cells[at], to)
		}
	}
}

// draw writes the grid, and below each row its notes.
func (s *sheet) draw(g *grid) error {
	lines, err := g.lines()
	if err != nil {
		return err
	}
	s.line(s.faint(strings.TrimRight(lines[0], " ")))
	for i, line := range lines[1:] {
		s.line(line)
		s.notes(g.rows[i])
	}
	return nil
}

func (s *sheet) notes(r row) {
	for _, note := range r.notes {
		s.say("  ", nil, note, s.faint)
	}
}

// lines are the header and the rows, each on one line.
func (g *grid) lines() ([]string, error) {
	align := make([]tw.Align, len(g.columns))
	header := make([]string, len(g.columns))
	for i, c := range g.columns {
		header[i], align[i] = c.name, tw.AlignRight
		if c.text {
			align[i] = tw.AlignLeft
		}
	}
	var b bytes.Buffer
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		// The default would print p99 as "P 99".
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: strings.Repeat(" ", gap), Overwrite: true}),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithTrimSpace(tw.Off),
	)
	table.Header(header)
	for _, r := range g.rows {
		if err := table.Append(r.cells); err != nil {
			return nil, fmt.Errorf("fill table: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return nil, fmt.Errorf("render table: %w", err)
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) != 1+len(g.rows) {
		return nil, fmt.Errorf("a table of %d rows has %d lines", len(g.rows), len(lines))
	}
	return lines, nil
}

// stack writes each row as its names and below them what there is of it, as many figures a line as fit.
func (s *sheet) stack(g *grid) {
	s.say("", nil, g.columns[0].name, s.faint)
	for _, r := range g.rows {
		var names, pairs []string
		for i, c := range g.columns {
			switch cell := r.cells[i]; {
			case cell == "" || cell == words.None:
			case c.text && len(pairs) == 0:
				names = append(names, cell)
			default:
				pairs = append(pairs, tied(c.name+" "+cell))
			}
		}
		s.say("", nil, strings.Join(names, ", "), s.bold)
		s.say("  ", nil, strings.Join(pairs, ", "), nil)
		s.notes(r)
	}
}
