package page

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// What a fault cut while it was not on yet is the fault's: the time before it lost nothing, in its scene and in the matrix.
func TestWhatWasCutIsTheFaults(t *testing.T) {
	r := run{seconds: 30, kinds: 1, nodes: 2, replicas: 1, rate: 10}.result(t)
	r.Phases[0].Requests[0].Cut, r.Phases[0].Requests[0].Rate = 5, 10.5
	r.Windows[9].Cut = 5
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	spans := spansOf(r, line.end)
	scenes, worst := scenesOf(r, line, spans)
	if lost := scenes[1].lost(); lost != 0 || scenes[worst].name != "fault" {
		t.Errorf("%s lost %v, and the worst scene is %s", scenes[1].name, lost, scenes[worst].name)
	}
	b := newBlast(r, line, spans)
	if f := b.before[0]; f.failed+f.cut != 0 || f.ok != 100 {
		t.Errorf("before the fault %+v, want 100 ok", f)
	}
	if f := b.during[0][0]; f.failed != 50 || f.ok != 50 {
		t.Errorf("in the fault %+v, want 50 of 100 failed", f)
	}
	if spans[0].byHand || !spans[1].byHand || !spans[1].unfinished {
		t.Errorf("spans %+v", spans)
	}
}

// A fault that is on in a part of its phase has a p99 of its own seconds, and where that is late nobody says that all was well.
func TestAPartOfAPhaseHasItsOwnLatency(t *testing.T) {
	r := run{seconds: 60, kinds: 1, nodes: 2, replicas: 1, rate: 50}.result(t)
	from, to := 25.0, 28.0
	r.Faults[0].AppliedS, r.Faults[0].UndoneS, r.Actions = &from, &to, nil
	slow := record.NewHistogram()
	for range 50 {
		record.RecordDuration(slow, 2*time.Second)
	}
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Second >= 25 && w.Second < 28 {
			w.OK, w.Failed, w.Histogram, w.FailedHistogram = 50, 0, encoded(t, slow), ""
		}
	}
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	b := newBlast(r, line, spansOf(r, line.end))
	if f := b.during[0][0]; f.ok != 150 || f.p99 < 1990 || f.p99 > 2010 {
		t.Errorf("in the fault's three seconds %+v, want 150 ok of 2 s", f)
	}
	var said bytes.Buffer
	b.worst(0).write(&said)
	if text := said.String(); !strings.Contains(text, "All 150 requests were answered in the end. p99 of GET /0/ 2.00 s, before ") {
		t.Errorf("said is %q", text)
	}
}

// What failed in a phase may have begun in the one before: shares are of what ended in it, and never more than all of that.
func TestSharesAreOfWhatEnded(t *testing.T) {
	t.Parallel()
	// 10 were under way at the begin and none is at the end: 100 began and 110 ended, 88 of them failed and 22 were given up.
	p := pairsOf([]record.Edge{{From: "a", To: "b", Attempts: 100, InFlight: -10, Failures: 88, GaveUp: 22, Requests: 100}})[0]
	if p.crossed() != 100 || p.lost() != 0.8 || p.left() != 0.2 {
		t.Errorf("%d crossed, %v failed, %v given up; want 100, 0.8 and 0.2", p.crossed(), p.lost(), p.left())
	}
	all := scene{pairs: map[[2]string]pair{{"a", "b"}: p}}.into("b")
	if all.lost() != 0.8 {
		t.Errorf("%v of what went to b failed, want 0.8", all.lost())
	}
}
