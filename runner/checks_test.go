package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
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

// Meshes that put a fault on too far apart, or of which that can't be known well enough, make a run inconclusive; how far stands in the record.
func TestMeshesThatCameTooFarApart(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		on, off *faults.Apart
		ok      bool
	}{
		{&faults.Apart{By: ms, Uncertain: ms}, &faults.Apart{By: ms}, true},
		{&faults.Apart{By: ms, Uncertain: ms}, nil, true},
		{&faults.Apart{By: ms, Uncertain: time.Second}, &faults.Apart{By: ms}, false},
		{&faults.Apart{By: ms}, &faults.Apart{By: time.Second}, false},
	} {
		bubble(t, func(t *testing.T, w *world) {
			w.system.receipt.Spread = &faults.Spread{Meshes: 3, On: c.on, Off: c.off}
			res, err := runner.Run(t.Context(), w.o)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, check := range res.Checks {
				if strings.HasPrefix(check.Name, "spread of ") {
					found++
					if check.OK != c.ok || !strings.Contains(check.Text, "on 3 meshes") {
						t.Errorf("on %+v, off %+v: %+v", c.on, c.off, check)
					}
				}
			}
			s := res.Faults[0].Receipt.Spread
			if found == 0 || s == nil || s.Meshes != 3 || *s.OnMs != 1 || (s.OffMs == nil) != (c.off == nil) {
				t.Errorf("%d checks, and the record has %+v", found, s)
			}
		})
	}
}
