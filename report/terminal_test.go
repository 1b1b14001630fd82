package report

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestTerminal(t *testing.T) {
	r := healthy()
	r.About = "The shop stays open while b answers slowly."
	r.Faults[0].Receipt.Text = "700 requests, +801 ms"
	r.Generator = record.Generator{IntendedRate: 100, AchievedRate: 99.98, LagMs: record.Lag{P99: .41, Max: 3.2}, MaxInFlight: 88}
	Judge(r, &scenarios.Scenario{Expect: []scenarios.Expectation{
		{Text: "in steady: success >= 99%", In: "steady", Bounds: bound(metric.Success, ">=", .99)},
		{Text: "in slow, of GET /a: p99 < 700ms", In: "slow", Of: "GET /a", Bounds: bound(metric.P99, "<", .7)},
		{Text: "after slow: recovered_within 60s", After: "slow", Recovered: time.Minute},
		{Text: "writes_lost: 0", WritesLost: ref(0)},
	}})
	var b bytes.Buffer
	if err := Terminal(&b, r); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/terminal.txt"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("report differs (-want +got):\n%s", diff)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if n := len([]rune(line)); n > 130 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestSpelling(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{percent(1), "100%"}, {percent(.999996), "99.999%"}, {percent(.9999), "99.99%"}, {percent(.5), "50%"}, {percent(.999), "99.90%"}, {percent(.925), "92.5%"},
		{percent(0), "0%"}, {percent(.00001), "0.00%"}, {milliseconds(.426), "0.43 ms"}, {milliseconds(812), "812 ms"},
		{milliseconds(1234), "1.23 s"}, {count(1234567), "1 234 567"}, {count(1234), "1234"}, {bytesOf(1_500_000), "1.5 MB"},
		{perSecond(0), "0.0/s"}, {perSecond(120), "120.0/s"}, {perSecond(.5), "0.5/s"}, {perSecond(1. / 60), "0.017/s"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

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
			Rate: 100, Success: 1, P99: 5 * time.Millisecond})
	}
	g.Show(record.Status{State: "done"})
	want := `· launching 3 instances
  0:00 / 0:12  steady  100/s  100% success  p99 5.0 ms
  0:05 / 0:12  steady  100/s  100% success  p99 5.0 ms
  0:06 / 0:12  slow  100/s  100% success  p99 5.0 ms
  0:11 / 0:12  slow  100/s  100% success  p99 5.0 ms
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("progress differs (-want +got):\n%s", diff)
	}
}

// A live line is never wider than the terminal, or it would wrap and leave its upper half behind.
func TestLiveProgressFitsTheTerminal(t *testing.T) {
	var b bytes.Buffer
	g := NewProgress(&b, true, false, func() int { return 40 })
	g.Show(record.Status{State: "running", Phase: strings.Repeat("long ", 30), Total: time.Minute, Rate: 1})
	if n := len([]rune(b.String())); n >= 40 {
		t.Errorf("live line is %d columns wide, terminal 40", n)
	}
}

// What is unknown is not told as a no: neither "not felt" nor "not by the end".
func TestUnknownRecoveryIsSaid(t *testing.T) {
	t.Parallel()
	on, off := 0.0, 10.0
	r := &record.Result{Faults: []record.Fault{
		{Text: "outage", On: "app", AppliedS: &on, UndoneS: &off, RecoveryUntold: "there is no steady state to compare with"},
		{Text: "crash", On: "db", AppliedS: &on, UndoneS: &off, DetectedAfterS: &on, RecoveredAfterS: &on, ToldWith: "outage on app"},
	}}
	var b bytes.Buffer
	if err := Terminal(&b, r); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{"outage on app: recovery is unknown, there is no steady state to compare with", "crash on db can't be told apart from outage on app"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
	if strings.Contains(got, "not felt") || strings.Contains(got, "not by the end") {
		t.Errorf("what is unknown is told as a no:\n%s", got)
	}
}
