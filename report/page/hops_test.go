package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// Each hop is a row: its name, its bar over the whole of the request with what was waited, and its end in words.
func TestTracesAreDrawnHopByHop(t *testing.T) {
	r := small.result(t)
	var rows, said []string
	bar := ""
	for _, p := range parts(t, rendered(t, r)) {
		switch look := p.attributes["class"]; {
		case p.name == "b" && (strings.HasPrefix(p.text, "slowest:") || strings.HasPrefix(p.text, "failed:")):
			said = append(said, p.text)
		case strings.HasPrefix(look, "hop in-"):
			rows = append(rows, look[len("hop in-"):]+" "+p.text)
			bar = ""
		case p.name == "rect" && len(rows) > 0 && (strings.HasPrefix(look, "area ") || look == "waited"):
			bar += fmt.Sprint(" ", look, " ", p.attributes["x"], "+", p.attributes["width"])
		case strings.HasPrefix(look, "end "):
			rows[len(rows)-1] += bar + " " + p.text
			bar = ""
		}
	}
	if diff := cmp.Diff([]string{"slowest: 20.0 ms, ok", "failed: 50.0 ms, failed: 503"}, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{
		"0 users area ok 0%+100% 20.0 ms, ok",
		"1 node0-1 area ok 5%+95% waited 5%+10% 19.0 ms, ok",
		"2 → node1-1, attempt 2 area ok 20%+70% waited 20%+5% 14.0 ms, ok",
		"3 node1-1 area ok 25%+60% 12.0 ms, ok",
		"0 users area failed 0%+100% waited 0%+6% sent 3.0 ms late, 50.0 ms, failed: 503",
		"1 node0-1 area failed 8%+90% 45.0 ms, failed",
		"2 → node1-1 area failed 18%+80% waited 18%+80% 40.0 ms, refused: breaker",
		"2 node1-1 area cut 18%+82% had not ended",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The time that no child of a hop was under way is its own.
func TestWhereTheTimeWent(t *testing.T) {
	all := small.result(t).Traced
	if got, want := slowestPart(all[0]), ", 12.0 ms of it within node1-1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := slowestPart(all[1]), ", 40.0 ms of it between node0-1 and node1-1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A page shows some of each phase and request before more of one, and not more than it has room for.
func TestTracesOfAPageAreBounded(t *testing.T) {
	var all []record.Trace
	for _, phase := range []string{"a", "b"} {
		for n := range 20 {
			all = append(all, record.Trace{Phase: phase, Chosen: "slowest", Seq: uint64(n), Spans: make([]record.TraceSpan, 99)})
		}
	}
	var got []string
	for _, one := range shownTraces(all) {
		got = append(got, fmt.Sprint(one.Phase, one.Seq))
	}
	if want := []string{"a0", "a1", "a2", "b0", "b1"}; !slices.Equal(got, want) {
		t.Errorf("it shows %q, want %q", got, want)
	}
}
