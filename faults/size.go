package faults

import (
	"math"
	"strconv"
)

// size is a number of bytes as scenarios write it: 64B, 1.5KB, 2MB. Units are decimal, of which three digits behind the point are told.
func size(bytes float64) string {
	units := []string{"B", "KB", "MB", "GB"}
	unit := 0
	for math.Abs(bytes) >= 1000 && unit < len(units)-1 {
		bytes /= 1000
		unit++
	}
	return strconv.FormatFloat(math.Round(1000*bytes)/1000, 'f', -1, 64) + units[unit]
}
