package patterns

import (
	"encoding/json"
	"hash/fnv"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// sameAll is the variable of the environment that has every run of the library made twice; without it one in sameOneIn is, others
// on each day.
const (
	sameAll   = "SQUALL_SAME"
	sameOneIn = 16
	// racingOneIn: of these one in so many is made by a program that takes ten times as long.
	racingOneIn = 4
)

// sameRacing is the variable that has one in racingOneIn of the second runs made by a program that was built with the race detector, in which goroutines go on in a
// random order: whatever their order decides differs within a few runs, where it otherwise does once in a hundred. It needs a C compiler.
const sameRacing = "SQUALL_SAME_RACE"

// disturbed is what a second run is to be the same in spite of: other processors, and five times as many garbage
// collections, each of which moves goroutines from where they stood; the runs beside it are its load.
var disturbed = []string{"GOMAXPROCS=8", "GOGC=20"}

// again makes a run a second time, where it is one of today's, and compares the records, byte for byte but for the run's
// name and the time of day.
func again(t *testing.T, file, variant string, want report.Exit, first *record.Result) {
	t.Helper()
	h := fnv.New32a()
	h.Write([]byte(file + variant)) //nolint:errcheck // a hash takes everything
	turn := h.Sum32() + uint32(breadth.Day())
	if os.Getenv(sameAll) == "" && turn%sameOneIn != 0 {
		return
	}
	program := squallbin.Path
	if os.Getenv(sameRacing) != "" && turn/sameOneIn%racingOneIn == 0 {
		program = squallbin.Racing
	}
	second := runBy(t, program(t), file, variant, want, disturbed...)
	if diff := cmp.Diff(text(t, first), text(t, second)); diff != "" {
		t.Errorf("two runs with one seed differ (-first +second, with %v):\n%s", disturbed, diff)
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
