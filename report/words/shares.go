package words

import (
	"math"
	"slices"
	"strconv"
)

// Shares are the percentages of parts that make up a whole, and they add up to 100 as they are written: what rounding leaves over goes to
// those that it was taken from the most. No part that is there reads as 0, and none that is not all of it reads as 100: a row
// with such a part has more places. Nil where the whole is nothing.
func Shares(parts ...int64) []string {
	total := int64(0)
	for _, n := range parts {
		total += n
	}
	if total == 0 {
		return nil
	}
	units, places := apportioned(parts, total)
	out := make([]string, len(parts))
	for i, n := range units {
		out[i] = strconv.FormatFloat(float64(n)/math.Pow10(places), 'f', places, 64) + "%"
		if n == 0 {
			out[i] = "0%"
		}
	}
	return out
}

// mostPlaces is where a part that is smaller reads as 0 after all: one of a thousand million.
const mostPlaces = 7

// apportioned are the parts in units of 10^-places percent, which add up to 100 %.
func apportioned(parts []int64, total int64) (units []int64, places int) {
	for ; ; places++ {
		scale := 100 * math.Pow10(places)
		units = make([]int64, len(parts))
		left := int64(scale)
		over := make([]float64, len(parts))
		for i, n := range parts {
			exact := float64(n) / float64(total) * scale
			units[i] = int64(math.Floor(exact + 1e-9))
			over[i] = exact - float64(units[i])
			left -= units[i]
		}
		order := make([]int, len(parts))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case over[a] > over[b]:
				return -1
			case over[a] < over[b]:
				return 1
			}
			return 0
		})
		for i := 0; left > 0; i, left = i+1, left-1 {
			units[order[i%len(order)]]++
		}
		if places == mostPlaces || told(parts, units, total, places) {
			return units, places
		}
	}
}

// told tells whether so many places show each part for what it is: those that are whole percents need none, all others one at
// least, and a small one as many as it has a figure in.
func told(parts, units []int64, total int64, places int) bool {
	for i, n := range parts {
		switch {
		case n > 0 && units[i] == 0:
			return false
		case places == 0 && 100*n%total != 0:
			return false
		}
	}
	return true
}
