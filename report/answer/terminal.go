package answer

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Terminal writes an answer for a terminal of a width. A table that is wider is stacked, a line a cell, and never wrapped.
func Terminal(w io.Writer, a *Answer, width int) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b)
	wrapped(b, " ", a.Title, width)
	for _, n := range a.Notes {
		wrapped(b, "   note: ", n, width)
	}
	if a.Untold != "" {
		wrapped(b, " ? can't tell: ", a.Untold, width)
	}
	for _, s := range a.Sentences {
		fmt.Fprintln(b)
		wrapped(b, " ", s, width)
	}
	for _, p := range a.Parts {
		if p.Table != nil && len(p.Table.Rows) > 0 {
			p.Table.terminal(b, width)
		}
		if p.Curve != nil {
			p.Curve.terminal(b, width)
		}
	}
	fmt.Fprintln(b)
	for _, m := range a.Method {
		wrapped(b, " ", m, width)
	}
	return b.Flush()
}

// wrapped writes a paragraph, its lines below the first one's begin.
func wrapped(w io.Writer, begin, text string, width int) {
	line, used := begin, utf8.RuneCountInString(begin)
	indent := strings.Repeat(" ", used)
	empty := true
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if !empty && used+1+n > width {
			fmt.Fprintln(w, line)
			line, used, empty = indent, len(indent), true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		line, used, empty = line+word, used+n, false
	}
	fmt.Fprintln(w, line)
}

// grid is a table's texts: columns of which nothing is said beside have no column for that.
func (t *Table) grid() [][]string {
	beside := make([]bool, len(t.Columns))
	for _, r := range t.Rows {
		for i, c := range r.Cells {
			beside[i] = beside[i] || c.Beside != ""
		}
	}
	head := []string{t.Title}
	for i, c := range t.Columns {
		head = append(head, c.Name)
		if beside[i] {
			head = append(head, c.Beside)
		}
	}
	out := [][]string{head}
	for _, r := range t.Rows {
		line := []string{r.Name}
		for i, c := range r.Cells {
			line = append(line, c.text())
			if beside[i] {
				line = append(line, c.said())
			}
		}
		out = append(out, line)
	}
	return out
}

func (t *Table) terminal(w io.Writer, width int) {
	fmt.Fprintln(w)
	rows := t.grid()
	widths := widthsOf(rows)
	sum := 0
	for _, n := range widths {
		sum += n + 2
	}
	if sum-1 > width {
		t.stacked(w, width)
	} else {
		aligned(w, " ", rows, widths)
	}
	if t.Note != "" {
		wrapped(w, "   ", t.Note, width)
	}
}

func widthsOf(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func aligned(w io.Writer, indent string, rows [][]string, widths []int) {
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// stacked writes a row's name and below it a line for each of its columns.
func (t *Table) stacked(w io.Writer, width int) {
	fmt.Fprintf(w, " %s\n", t.Title)
	var all [][]string
	for _, r := range t.Rows {
		for i, c := range r.Cells {
			all = append(all, []string{t.Columns[i].Name, c.text(), c.said()})
		}
	}
	widths := widthsOf(all)
	if 4+widths[0]+2+widths[1]+2+widths[2] > width { // what is beside goes below
		all = all[:0]
		for _, r := range t.Rows {
			for i, c := range r.Cells {
				all = append(all, []string{t.Columns[i].Name, c.text(), ""})
				if c.Beside != "" {
					all[len(all)-1][2] = "\n" + c.said()
				}
			}
		}
		widths[2] = 0
	}
	n := 0
	for _, r := range t.Rows {
		wrapped(w, " ", r.Name, width)
		for range r.Cells {
			line := all[n]
			n++
			beside, below := strings.CutPrefix(line[2], "\n")
			if !below {
				aligned(w, "    ", [][]string{line}, []int{widths[0], widths[1], utf8.RuneCountInString(line[2])})
				continue
			}
			aligned(w, "    ", [][]string{line[:2]}, widths[:2])
			wrapped(w, strings.Repeat(" ", widths[0]+6), beside, width)
		}
	}
}
