package grammar

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/scenarios/source"
)

// longest is the longest duration that any key takes: sums of them stay far from where a time.Duration ends.
const longest = 366 * 24 * time.Hour

// withinBounds refuses what is less than a key's least value or more than its greatest, as its tags say them.
func (d *Decoder) withinBounds(v *source.Value, f field, n float64) bool {
	switch {
	case f.min != "" && n < bound(f.min):
		d.Problem(v, fmt.Sprintf("%s is %s", f.key, source.Shorten(v.Text)), fmt.Sprintf("use %s or more", f.min))
	case f.max != "" && n > bound(f.max):
		d.Problem(v, fmt.Sprintf("%s is %s", f.key, source.Shorten(v.Text)), fmt.Sprintf("use %s at most", f.max))
	default:
		return true
	}
	return false
}

// bound is what a min or max tag stands for, in the unit of the model.
func bound(tag string) float64 {
	if n, ok := source.ParseNumber(tag); ok {
		return n
	}
	if t, ok := source.ParseDuration(tag); ok {
		return float64(t)
	}
	if n, ok := source.ParseRate(tag); ok {
		return n
	}
	panic("a min or max tag says " + tag)
}
