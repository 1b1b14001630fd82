package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/squallhq/squall/runner/record"
)

// What a run so far draws is escaped, has every part that there is something for, and says what goes on now apart from what has been.
func TestLiveParts(t *testing.T) {
	r := run{seconds: 30, kinds: 2, nodes: 3, replicas: 2, rate: 20, names: nasty}.result(t)
	now := record.Scene{Queues: []record.LiveQueue{{From: nasty, To: "b", Waiting: 3}}, Breakers: []record.LiveBreakers{{Node: nasty, Open: 1}},
		Requests: []record.LiveRequest{{Load: "users" + nasty, Request: "GET /x", Sent: 10, OK: 4, Failed: 6}}}
	parts, err := NewLive(nil).Draw(r, now)
	if err != nil {
		t.Fatal(err)
	}
	html := map[string]string{}
	for _, p := range parts {
		html[p.ID] = p.HTML
		if strings.Contains(p.HTML, "<img") || strings.Contains(p.HTML, "<script") || strings.Contains(p.HTML, " style=") {
			t.Errorf("%s has markup of a run's, or a style: %s", p.ID, p.HTML)
		}
	}
	for _, id := range LiveParts {
		if html[id] == "" {
			t.Errorf("nothing is drawn as %s", id)
		}
	}
	for id, want := range map[string]string{"topology": `for="scene-0">now<small class="loss-4">60%`, "waiting": "3 waiting", "time": `data-rows="30"`, "events": "begun"} {
		if !strings.Contains(html[id], want) {
			t.Errorf("%s has no %s:\n%.3000s", id, want, html[id])
		}
	}
}

// Before anything is read the topology is drawn without figures, and nothing else is.
func TestLiveBeforeTheFirstPhase(t *testing.T) {
	r := &record.Result{Scenario: "x", Verdict: record.UnderWay, Nodes: []record.Node{{Name: "shop", Instance: "shop-1", Kind: "service"}}}
	parts, err := NewLive([]record.Edge{{Name: "users:shop-1", From: "users", To: "shop", FromInst: "users", ToInst: "shop-1"}}).Draw(r, record.Scene{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		switch {
		case p.ID == "topology" && (!strings.Contains(p.HTML, "users to shop") || strings.Contains(p.HTML, "all ok") || strings.Contains(p.HTML, "/s<")):
			t.Errorf("the topology: %s", p.HTML)
		case p.ID != "topology" && p.HTML != "":
			t.Errorf("%s is drawn of nothing: %s", p.ID, p.HTML)
		}
	}
}

// BenchmarkLive draws one more second of a run of 10 minutes: what the seconds before were is known.
func BenchmarkLive(b *testing.B) {
	r := run{seconds: 600, kinds: 4, nodes: 8, replicas: 2, rate: 250}.result(b)
	l := NewLive(nil)
	if _, err := l.Draw(r, record.Scene{}); err != nil {
		b.Fatal(err)
	}
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		parts, err := l.Draw(r, record.Scene{})
		if err != nil {
			b.Fatal(err)
		}
		size = 0
		for _, p := range parts {
			size += len(p.HTML)
		}
	}
	b.ReportMetric(float64(size)/1024, "kB")
}

// What is drawn of a run again and again is what is drawn of it once: over the time at which its buckets become wider, and with answers that
// come late.
func TestLiveKnowsWhatItDrew(t *testing.T) {
	whole := run{seconds: 2*mostBuckets + 20, kinds: 2, nodes: 2, replicas: 1, rate: 40}.result(t)
	l := NewLive(nil)
	for _, seconds := range []int{10, 11, mostBuckets, mostBuckets + 1, 2 * mostBuckets, 2*mostBuckets + 20} {
		r := *whole
		r.DurationS, r.Phases, r.Windows = float64(seconds), nil, nil
		for _, w := range whole.Windows {
			switch {
			case w.Second < seconds-1:
				r.Windows = append(r.Windows, w)
			case w.Second == seconds-1: // half of it is yet to be answered
				w.Sent, w.OK, w.Failed, w.Histogram, w.FailedHistogram = w.Sent/2, w.Sent/2, 0, whole.Windows[0].Histogram, ""
				r.Windows = append(r.Windows, w)
			}
		}
		known, err := readTimeline(&r, l.times)
		if err != nil {
			t.Fatal(err)
		}
		anew, err := newTimeline(&r)
		if err != nil {
			t.Fatal(err)
		}
		for name, pair := range map[string][2][]float64{"p50": {known.p50, anew.p50}, "p90": {known.p90, anew.p90}, "p99": {known.p99, anew.p99}, "max": {known.most, anew.most}} {
			if diff := cmp.Diff(pair[1], pair[0], cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("after %d s, %s (-drawn once +again):\n%s", seconds, name, diff)
			}
		}
		if diff := cmp.Diff(anew.heat, known.heat); diff != "" {
			t.Errorf("after %d s, the heat map:\n%s", seconds, diff)
		}
	}
}
