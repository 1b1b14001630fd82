package analysis

import (
	"fmt"
	"math"

	"github.com/squallhq/squall/runner/record"
)

// Calls are what a caller says it did over one edge in some stretch of time, and what the mesh saw there.
type Calls struct {
	// Where is the edge and the stretch, in words.
	Where string
	// Attempts that began; Broken of them failed or were given up, so that the mesh may have seen them not at all, or twice.
	Attempts, Broken int64
	// Seen are the requests that the mesh saw.
	Seen int64
	// InFlight were under way at either end: they may be on one side of it for the one and on the other for the other.
	InFlight int64
	// Rate is the attempts per second, Skew how far apart (s) the two were read.
	Rate, Skew float64
}

// off is by how much the two differ more than they may: within those in flight, those that broke, and the attempts of the time that lay
// between the two readings.
func (c Calls) off() float64 {
	may := float64(c.Broken+c.InFlight) + 3*c.Rate*c.Skew
	return math.Abs(float64(c.Seen-c.Attempts)) - math.Ceil(may)
}

// CallsCheck holds the callers' own counts against the mesh's, edge by edge and phase by phase. nil where there are none.
func CallsCheck(all []Calls) *record.Check {
	if len(all) == 0 {
		return nil
	}
	var bad []string
	for _, c := range all {
		if c.off() > 0 {
			bad = append(bad, fmt.Sprintf("%s: %d attempts, the mesh saw %d", c.Where, c.Attempts, c.Seen))
		}
	}
	if len(bad) == 0 {
		return &record.Check{Name: "attempts", OK: true, Text: fmt.Sprintf("what callers counted and what the mesh saw agree on every edge and in every phase (%d)", len(all))}
	}
	return &record.Check{Name: "attempts", Text: firstOf(bad)}
}
