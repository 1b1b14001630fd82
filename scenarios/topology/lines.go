package topology

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// text is lines of at most a width.
type text struct{ bytes.Buffer }

const width = 110

// section begins a new part.
func (t *text) section(name, note string) {
	t.line("")
	if note != "" {
		note = " (" + note + ")"
	}
	t.line("%s%s", strings.ToUpper(name), note)
}

// line writes one line; what is too long goes on in the next, indented by four more.
func (t *text) line(format string, args ...any) {
	rest := []rune(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	indent := 0
	for indent < len(rest) && rest[indent] == ' ' {
		indent++
	}
	margin := []rune(strings.Repeat(" ", indent+4))
	for len(rest) > width {
		cut := width
		for cut > len(margin) && rest[cut] != ' ' {
			cut--
		}
		if cut <= len(margin) { // one word longer than a line: broken where the line ends
			cut = width
		}
		t.WriteString(strings.TrimRight(string(rest[:cut]), " ") + "\n")
		rest = append(append([]rune(nil), margin...), []rune(strings.TrimLeft(string(rest[cut:]), " "))...)
	}
	t.WriteString(string(rest) + "\n")
}

// table writes rows with aligned columns, numbers to the right. Columns that hold nothing are left out.
func (t *text) table(rows [][]string) {
	rows = filled(rows)
	widths := make([]int, len(rows[0]))
	number := make([]bool, len(rows[0]))
	for i := range number {
		number[i] = len(rows) > 1
	}
	for r, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
			if r > 0 && !numeric(cell) {
				number[i] = false
			}
		}
	}
	for _, row := range rows {
		line := " "
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if number[i] {
				line += " " + pad + cell + " "
			} else {
				line += " " + cell + pad + " "
			}
		}
		t.line("%s", line)
	}
}

// wide tells whether a table's lines would not fit.
func wide(rows [][]string) bool {
	sum := 0
	for column := range rows[0] {
		most := 0
		for _, row := range rows {
			most = max(most, len([]rune(row[column])))
		}
		sum += most + 2
	}
	return sum > width
}

// filled leaves out the columns whose every cell is a dash.
func filled(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for column := range rows[0] {
		empty := len(rows) > 1
		for _, row := range rows[1:] {
			empty = empty && row[column] == "-"
		}
		if empty {
			continue
		}
		for i, row := range rows {
			out[i] = append(out[i], row[column])
		}
	}
	return out
}

// numeric tells cells that read better aligned to the right.
func numeric(cell string) bool {
	return cell == "?" || cell != "" && strings.Trim(cell, "0123456789.,%-smhµ") == ""
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func none(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(int64(n)) + " " + what + "s"
}

// thousands is a number as people read it: 12,345.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
