package chronicle_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/chronicle"
	"github.com/squallhq/squall/runner/record"
)

// told is one that is told to a chronicle, at a place among those of its moment and kind.
type told struct {
	at         float64
	kind, text string
	place      int
}

func (o told) event() record.Event { return record.Event{AtS: o.at, Kind: o.kind, Text: o.text} }

// Whoever comes first, what several tell of one moment is told in the order in which it was asked for, nodes' ends by their words.
func TestOfOneMomentWhoeverComesFirst(t *testing.T) {
	want := []told{
		{1, "phase", "phase slow", 0},
		{1, "fault", "latency on a: on", 1},
		{1, "fault", "latency on b: on", 2},
		{1, "fault", "errors on a: on", 3},
		{2, "note", "errors on a could not be undone", 6},
		{2, "node", "instance \"a-1\" ended", 0},
		{2, "node", "instance \"b-1\" ended", 0},
		{2, "undo", "latency on b: off", 4},
		{2, "undo", "latency on a: off", 5},
		{2, "phase", "phase after", 0},
	}
	for seed := range uint64(50) {
		c, chance := chronicle.New(nil), rand.New(rand.NewPCG(seed, 1))
		for _, n := range chance.Perm(len(want)) {
			c.Happened(want[n].event(), want[n].place)
		}
		for n, e := range c.Told() {
			if diff := cmp.Diff(want[n].event(), e); diff != "" {
				t.Fatalf("seed %d, event %d (-want +got):\n%s", seed, n, diff)
			}
		}
	}
}

// What one tells keeps its order, whatever its words; what was told beside is put in its time, and is not kept.
func TestInTheOrderInWhichItHappened(t *testing.T) {
	c := chronicle.New(nil)
	for _, text := range []string{"z", "a", "m"} {
		c.Happened(record.Event{AtS: 1, Kind: "action", Text: text}, chronicle.First)
	}
	if first, second := c.Place(), c.Place(); first <= chronicle.First || second <= first {
		t.Errorf("places %d and %d, after %d", first, second, chronicle.First)
	}
	for _, beside := range []bool{true, false} {
		var others []record.Event
		want := "z a m"
		if beside {
			others, want = []record.Event{{AtS: 0.5, Kind: "action", Text: "before"}}, "before z a m"
		}
		var got []string
		for _, e := range c.Told(others...) {
			got = append(got, e.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

// Each line is whole, and there as soon as it has happened; what was learned afterwards is in the record alone.
func TestWrittenAsItHappens(t *testing.T) {
	var out bytes.Buffer
	c := chronicle.New(&out)
	c.Happened(record.Event{AtS: 1, Kind: "phase", Text: "phase slow"}, chronicle.First)
	c.Learned(record.Event{AtS: 1.5, Kind: "action", Text: "a toxic by hand"}, chronicle.First)
	c.Write(record.Event{AtS: 1.6, Kind: "action", Text: "seen"})
	want := `{"at_s":1,"kind":"phase","text":"phase slow"}` + "\n" + `{"at_s":1.6,"kind":"action","text":"seen"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	if n := len(c.Told()); n != 2 {
		t.Errorf("%d events are told, want 2", n)
	}
	if e := chronicle.New(nil).Told(); e == nil {
		t.Error("no events are null, not an empty list")
	}
}
