package terminal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// Without a terminal progress is plain lines, one a phase at first and then one every five seconds.
func TestPlainProgress(t *testing.T) {
	var b bytes.Buffer
	g := NewProgress(&b, false, false, nil)
	g.Show(record.Status{State: "launching", Message: "launching 3 instances"})
	for s := range 12 {
		phase := "steady"
		if s >= 6 {
			phase = "slow"
		}
		g.Show(record.Status{State: "running", Phase: phase, Elapsed: time.Duration(s) * time.Second, Total: 12 * time.Second,
			Rate: 100, Success: 1, Answers: 100 - 60*int64(s/11), P99: 5 * time.Millisecond})
	}
	g.Show(record.Status{State: "done"})
	want := `· launching 3 instances
  0:00 / 0:12  steady  100/s  100% success  p99 5.0 ms
  0:05 / 0:12  steady  100/s  100% success  p99 5.0 ms
  0:06 / 0:12  slow  100/s  100% success  p99 5.0 ms
  0:11 / 0:12  slow  100/s  100% success  slowest 5.0 ms
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("progress differs (-want +got):\n%s", diff)
	}
}

// A live line is never wider than the terminal, or it would wrap and leave its upper half behind.
func TestLiveProgressFitsTheTerminal(t *testing.T) {
	var b bytes.Buffer
	g := NewProgress(&b, true, false, func() (int, int) { return 40, 24 })
	g.Show(record.Status{State: "running", Phase: strings.Repeat("long ", 30), Total: time.Minute, Rate: 1})
	if n := len([]rune(b.String())); n >= 40 {
		t.Errorf("live line is %d columns wide, terminal 40", n)
	}
}

// What stands below the live lines is drawn with them, cut to the width, taken away with them, and gone when the run is done.
func TestFoot(t *testing.T) {
	var b bytes.Buffer
	g := NewProgress(&b, true, false, func() (int, int) { return 20, 24 })
	g.Foot("keys")
	if b.Len() > 0 {
		t.Errorf("before anything is drawn it writes %q", b.String())
	}
	g.Show(record.Status{State: "launching"})
	g.Line("said")
	g.Foot(strings.Repeat("long ", 10), "keys")
	g.Show(record.Status{State: "done"})
	g.Line("after")
	want := "░░░░░░░░░░ launchi…\nkeys" +
		"\r\x1b[1A\x1b[J· said\n░░░░░░░░░░ launchi…\nkeys" +
		"\r\x1b[1A\x1b[J░░░░░░░░░░ launchi…\nlong long long lon…\nkeys" +
		"\r\x1b[2A\x1b[J· after\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("drawn differs (-want +got):\n%s", diff)
	}
	b.Reset()
	plain := NewProgress(&b, false, false, nil)
	plain.Foot("keys")
	if b.Len() > 0 {
		t.Errorf("without a terminal it writes %q", b.String())
	}
}
