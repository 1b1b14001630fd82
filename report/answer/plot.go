package answer

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// The size of a curve in a terminal, in characters.
const (
	curveHeight = 9
	curveWidth  = 64
)

// terminal draws a curve in characters: ● a value, · the way between two, ─ the limit, ┊ where it is crossed. Lines after the first have letters.
// What is the same everywhere is said.
func (c *Curve) terminal(w io.Writer, width int) {
	x, y := c.Reach()
	fmt.Fprintf(w, "\n %s", c.Title)
	if c.Expected != "" {
		fmt.Fprintf(w, ", expected %s", c.Expected)
	}
	if same := c.Same(); same != "" {
		fmt.Fprintf(w, ": %s\n", same)
		return
	}
	fmt.Fprintln(w)
	top, bottom := c.SpellY(y[1]), c.SpellY(y[0])
	side := max(utf8.RuneCountInString(top), utf8.RuneCountInString(bottom))
	wide := max(min(curveWidth, width-side-4), 10)
	cells := make([][]rune, curveHeight)
	for i := range cells {
		cells[i] = []rune(strings.Repeat(" ", wide))
	}
	column := func(v float64) int { return place(v, x, wide) }
	row := func(v float64) int { return curveHeight - 1 - place(v, y, curveHeight) }
	if c.Limit != nil {
		for i := range wide {
			cells[row(*c.Limit)][i] = '─'
		}
	}
	for _, at := range c.Cross {
		for i := range cells {
			cells[i][column(at)] = '┊'
		}
	}
	c.lines(cells, column, row)
	for i, line := range cells {
		label := ""
		switch i {
		case 0:
			label = top
		case curveHeight - 1:
			label = bottom
		}
		fmt.Fprintf(w, " %*s ┤%s\n", side, label, strings.TrimRight(string(line), " "))
	}
	from, to := c.SpellX(x[0]), c.SpellX(x[1])
	gap := max(wide-utf8.RuneCountInString(from)-utf8.RuneCountInString(to), 1)
	fmt.Fprintf(w, " %*s  %s%s%s\n", side, "", from, strings.Repeat(" ", gap), to)
	if len(c.Lines) > 1 {
		for n, l := range c.Lines {
			fmt.Fprintf(w, " %*s  %c %s\n", side, "", rune('a'+n%26), l.Name)
		}
	}
}

// lines draws every line into the cells of a plot.
func (c *Curve) lines(cells [][]rune, column, row func(float64) int) {
	for n, l := range c.Lines {
		dot := '●'
		if len(c.Lines) > 1 {
			dot = rune('a' + n%26)
		}
		for i, p := range l.Points {
			if i > 0 {
				last := l.Points[i-1]
				for at := column(last.X) + 1; at < column(p.X); at++ {
					share := float64(at-column(last.X)) / float64(column(p.X)-column(last.X))
					cells[row(last.Y+share*(p.Y-last.Y))][at] = '·'
				}
			}
			cells[row(p.Y)][column(p.X)] = dot
		}
	}
}

// place is where a value stands among so many places from the least to the greatest.
func place(v float64, reach [2]float64, places int) int {
	if reach[1] == reach[0] {
		return 0
	}
	return min(max(int(math.Round((v-reach[0])/(reach[1]-reach[0])*float64(places-1))), 0), places-1)
}
