package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// What others do is in the record with its receipt, is told to who watches, is not blamed on the fault that is on, and leaves no
// verdict.
func TestWhatOthersDoIsInTheRecord(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		begin := w.system.begin.Add(zero)
		kill := runner.Touch{At: begin.Add(10200 * time.Millisecond), Undone: begin.Add(14 * second), Who: record.ByOutside, Door: "signal",
			What: "killed (SIGKILL)", On: "api-1", Receipt: &faults.Receipt{Requests: 3, Refused: 3}}
		reset := runner.Touch{At: begin.Add(25 * second), Who: record.ByHand, Door: "toxiproxy's API", What: "reset", On: "all edges"}
		w.system.touched, w.system.touchedErr = []runner.Touch{kill, reset}, errors.New("the mesh is gone")
		tell := time.AfterFunc(zero+10200*time.Millisecond, func() { w.system.touches <- kill })
		defer tell.Stop()
		w.loader.answer = func(at time.Duration) (time.Duration, record.Outcome) {
			if at > 10200*time.Millisecond && at < 14*second {
				return 10 * time.Millisecond, record.Failed
			}
			return 10 * time.Millisecond, record.OK
		}
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		undone := 14.
		want := []record.Action{
			{AtS: 10.2, UndoneS: &undone, Who: record.ByOutside, Door: "signal", What: "killed (SIGKILL)", On: "api-1",
				Receipt: &record.Receipt{Met: true, Requests: 3, Refused: 3, Text: "3 requests, 3 refused"}},
			{AtS: 25, Who: record.ByHand, Door: "toxiproxy's API", What: "reset", On: "all edges"},
		}
		if diff := cmp.Diff(want, res.Actions); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		said := "killed (SIGKILL) on api-1 (from outside, signal)"
		for _, event := range []record.Event{
			{AtS: 10.2, Kind: "action", Text: said}, {AtS: 14, Kind: "action", Text: said + ": taken back"},
			{AtS: 25, Kind: "action", Text: "reset on all edges (by hand, toxiproxy's API)"},
		} {
			if !slices.Contains(res.Events, event) {
				t.Errorf("no event %+v among %+v", event, res.Events)
			}
		}
		if !slices.ContainsFunc(res.Events, func(e record.Event) bool { return strings.HasSuffix(e.Text, "the mesh is gone") }) {
			t.Errorf("nothing says that receipts are missing: %+v", res.Events)
		}
		if !slices.ContainsFunc(w.seen, func(s record.Status) bool { return s.Message == said && s.Elapsed == 10200*time.Millisecond }) {
			t.Error("who watched was not told while it happened")
		}
		if f := res.Faults[0]; f.ToldWith != said {
			t.Errorf("the fault is blamed alone: %+v", f)
		}
		report.Judge(res, &scenarios.Scenario{})
		if res.Verdict != record.Inconclusive || !strings.HasPrefix(res.Reasons[0], "killed (SIGKILL) (from outside, signal) on api-1 at 10.20 s") {
			t.Errorf("verdict %s: %q", res.Verdict, res.Reasons)
		}
	})
}

// An instance that died by itself while a fault was on is why users felt something, as far as anybody can tell.
func TestADeathIsNotTheFaultsDoing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		died := errors.New(`instance "api-1" ended by itself: signal: segmentation fault`)
		die := time.AfterFunc(zero+15*second, func() { w.system.deaths <- died })
		defer die.Stop()
		w.loader.answer = func(at time.Duration) (time.Duration, record.Outcome) {
			if at > 15*second {
				return 10 * time.Millisecond, record.Failed
			}
			return 10 * time.Millisecond, record.OK
		}
		res, err := runner.Run(context.Background(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		if f := res.Faults[0]; f.DetectedAfterS != nil || !strings.HasPrefix(f.RecoveryUntold, died.Error()) {
			t.Errorf("the fault is blamed: %+v", f)
		}
	})
}
