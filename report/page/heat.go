package page

import (
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// The rows of a heat map: eight to a decade of latency, from a tenth of a millisecond on. What was faster is in the first.
const (
	rowsADecade = 8
	leastDecade = -1 // log10 of ms
	mostDecade  = 6
	heatRows    = (mostDecade - leastDecade) * rowsADecade
)

// heat counts latencies by bucket of time and row.
type heat [][]int64

func newHeat(buckets int) heat { return make(heat, buckets) }

// rowsOf counts the latencies of one bucket by row; nil where there is none.
func rowsOf(all *hdrhistogram.Histogram) []int64 {
	if all.TotalCount() == 0 {
		return nil
	}
	rows := make([]int64, heatRows)
	for top, count := range record.Bars(all) {
		rows[row(float64(top)/1000)] += count
	}
	return rows
}

// row is where a latency in ms stands.
func row(ms float64) int {
	if ms <= 0 {
		return 0
	}
	return min(max(int(math.Floor((math.Log10(ms)-leastDecade)*rowsADecade)), 0), heatRows-1)
}

// heatLevels are the shades; a level's cells are one path.
const heatLevels = 6

// paths draws the cells, one path for each shade, from the palest on. Shades are by the logarithm of the count: one slow
// request among a thousand is to be seen.
func (h heat) paths(t *timeline, s logScale) nodes {
	most := int64(0)
	for _, rows := range h {
		for _, n := range rows {
			most = max(most, n)
		}
	}
	levels := make([]strings.Builder, heatLevels)
	for i := range h {
		for r, n := range h[i] {
			if n == 0 {
				continue
			}
			level := 0
			if most > 1 {
				level = int(math.Log(float64(n)) / math.Log(float64(most)) * (heatLevels - 0.001))
			}
			top := s.of(math.Pow(10, leastDecade+float64(r+1)/rowsADecade))
			bottom := s.of(math.Pow(10, leastDecade+float64(r)/rowsADecade))
			b := &levels[level]
			b.WriteString("M" + short(t.at(i)) + " " + place(top) + "h" + short(t.width) + "v" + place(bottom-top) + "h-" + short(t.width) + "z")
		}
	}
	var out nodes
	for level := range levels {
		if d := levels[level].String(); d != "" {
			out = append(out, el("path", class("heat-"+string(rune('0'+level))), at("fill", "#4477aa"),
				coordinate("fill-opacity", float64(level+1)/heatLevels), at("d", d)))
		}
	}
	return out
}
