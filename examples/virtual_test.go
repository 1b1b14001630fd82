package examples

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/record"
)

// The virtual engine gives every example, with every variant, the verdict that it has in real time; and a second run
// with the same seed, on a machine with other processors and other pauses, gives the same record, byte for byte, but for the
// run's name and the time of day. (For the patterns see again.)
func TestVirtualVerdicts(t *testing.T) {
	for n, r := range runs {
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant, func(t *testing.T) {
			breadth.Today(t, n, 3)
			t.Parallel() // a run keeps to one processor
			first := run(t, "virtual", r.file, r.variant, r.exit)
			second := run(t, "virtual", r.file, r.variant, r.exit, "GOMAXPROCS=8", "GOGC=20") // each collection moves goroutines
			if diff := cmp.Diff(text(t, first), text(t, second)); diff != "" {
				t.Errorf("two runs with one seed differ (-first +second):\n%s", diff)
			}
			if lag := first.Generator.LagMs; lag.Max != 0 {
				t.Errorf("the generator was late: %+v", lag)
			}
		})
	}
}

// text is everything that was recorded, windows too.
func text(t *testing.T, r *record.Result) string {
	t.Helper()
	same := *r
	same.Run, same.Command, same.Started = "", "", time.Time{}
	whole, err := json.MarshalIndent(struct {
		*record.Result
		Windows []record.Window
	}{&same, same.Windows}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(whole)
}
