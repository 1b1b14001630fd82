package runner_test

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/runner"
)

// A fault that moved what met it by less than it promised must not pass for one.
func TestReceiptThatBreaksItsPromise(t *testing.T) {
	for delay, ok := range map[float64]bool{100: true, 110: true, 98: false, 135: false} {
		bubble(t, func(t *testing.T, w *world) {
			w.system.receipt.DelayMs, w.system.receipt.FullDelayMs = delay, delay
			res, err := runner.Run(t.Context(), w.o)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, c := range res.Checks {
				if strings.HasPrefix(c.Name, "receipt of latency 100ms") {
					found = true
					if c.OK != ok {
						t.Errorf("%v ms: %+v", delay, c)
					}
				}
			}
			if !found {
				t.Error("no check of the receipt")
			}
		})
	}
}
