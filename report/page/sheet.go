package page

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
)

// sheet is the figures of all charts, a row for each moment: what the page's script reads a chart's values from, and what a
// reader copies. There is no second copy of them.
type sheet struct {
	names   []string
	columns [][]float64
}

// add takes a column and tells its number. A value that is unknown is NaN, and an empty cell.
func (s *sheet) add(name string, values []float64) int {
	s.names = append(s.names, name)
	s.columns = append(s.columns, values)
	return len(s.columns) // the first is the time
}

// csv is the sheet as a table that begins with the moments.
func (s *sheet) csv(t *timeline) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := make([]string, len(s.columns)+1)
	row[0] = "second"
	copy(row[1:], s.names)
	_ = w.Write(row) // to memory
	for i := range t.buckets() {
		row[0] = short(t.at(i))
		for c, values := range s.columns {
			row[c+1] = figure(values[i])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return b.String()
}

// figure writes a value with four digits that count.
func figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
