package page

import (
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// A long run is drawn in wider buckets; nothing is lost in them, and no spike.
func TestBucketsKeepEveryRequest(t *testing.T) {
	r := run{seconds: 900, kinds: 2, nodes: 2, replicas: 1, rate: 20}.result(t)
	r.Windows[500*2].Failed, r.Windows[500*2].OK = 20, 0
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	if line.width != 4 || line.buckets() != 225 {
		t.Errorf("%d buckets of %v s, want 225 of 4 s", line.buckets(), line.width)
	}
	var want, got outcomes
	for i := range r.Windows {
		want.add(&r.Windows[i])
	}
	for _, o := range line.all {
		got.sent, got.ok, got.failed = got.sent+o.sent, got.ok+o.ok, got.failed+o.failed
	}
	if got != want {
		t.Errorf("the buckets hold %+v, the windows %+v", got, want)
	}
	merged, err := record.MergeWindows(r.Windows[:6]...)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := merged.Answers()
	if err != nil {
		t.Fatal(err)
	}
	if want := record.Milliseconds(record.Quantile(answers, 99)); line.p99[0] != want {
		t.Errorf("p99 of the first bucket is %v ms, that of its windows' answers %v ms", line.p99[0], want)
	}
}

// What is not known is a gap in a line and an empty cell, never a zero; what is zero is drawn as zero.
func TestUnknownIsAGap(t *testing.T) {
	r := run{seconds: 12, kinds: 1, nodes: 2, replicas: 1, rate: 10}.result(t)
	for i := range r.Windows {
		if s := r.Windows[i].Second; s == 5 { // all of them failed: there is no latency of answers
			r.Windows[i].Failed, r.Windows[i].OK, r.Windows[i].FailedHistogram = 10, 0, r.Windows[i].Histogram
		}
	}
	r.Series[4].Unread = []string{"node0-1"}
	r.Series[8].Nodes["node0-1"] = map[string]float64{}
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(line.p99[5]) || math.IsNaN(line.p99[6]) {
		t.Errorf("p99 is %v where nothing was answered and %v after", line.p99[5], line.p99[6])
	}
	in := readings{line, r.Series}.counted("node0-1", "squall_in_flight")
	if !math.IsNaN(in[3]) || in[7] != 0 || in[2] != 93 {
		t.Errorf("in flight is %v where the instance did not answer, %v where it had none and %v where it had 93", in[3], in[7], in[2])
	}
	rows, err := csv.NewReader(strings.NewReader(sheetOf(line, in).csv(line))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 13 || rows[4][1] != "" || rows[8][1] != "0" || rows[3][1] != "93" {
		t.Errorf("rows %q", rows)
	}
	if d := path(t, line, in); strings.Count(d, "M") != 2 {
		t.Errorf("the line is %s, want it broken once", d)
	}
}

func sheetOf(_ *timeline, values []float64) *sheet {
	s := &sheet{}
	s.add("a, \"b\"", values)
	return s
}

func path(t *testing.T, of *timeline, values []float64) string {
	t.Helper()
	for _, a := range line(of, linearScale{100, plain}, values, "line-0").(element).attributes {
		if a.name == "d" {
			return a.value
		}
	}
	t.Fatal("no path")
	return ""
}

// A rate is over the time that was read, however the moments fall: the sum over the buckets is what was counted.
func TestRatesAddUpToCounts(t *testing.T) {
	line, err := newTimeline(&record.Result{DurationS: 10})
	if err != nil {
		t.Fatal(err)
	}
	var moments []record.Moment
	for i, at := range []float64{0, 1, 1.5, 4, 5.25, 10} {
		moments = append(moments, record.Moment{AtS: at, Nodes: map[string]map[string]float64{"a": {"squall_requests_total": float64(i * 10)}}})
	}
	sum := 0.0
	rates := readings{line, moments}.counted("a", "squall_requests_total")
	for _, v := range rates {
		sum += v
	}
	if math.Abs(sum-150) > 1e-9 {
		t.Errorf("the rates %v come to %v, want the 150 that were counted", rates, sum)
	}
	if want := (10*0.0 + 10.0); rates[0] != want {
		t.Errorf("the first second has %v/s, want %v", rates[0], want)
	}
}

func TestScalesHoldTheirValues(t *testing.T) {
	for _, most := range []float64{0.3, 1, 7, 12.01, 99, 100, 2345} {
		s := newLinearScale(most, plain)
		if s.most < most || s.most > most*2.01 {
			t.Errorf("a scale for %v ends at %v", most, s.most)
		}
	}
	s := newLogScale([]float64{0, 3, 450, math.NaN()})
	if s.of(0) != plotHeight || s.of(450) < 0 || s.of(450) > 10 || s.of(3) <= s.of(450) {
		t.Errorf("0 at %v, 3 at %v, 450 at %v", s.of(0), s.of(3), s.of(450))
	}
	for _, k := range s.ticks() {
		if k.y < 0 || k.y > plotHeight {
			t.Errorf("tick %s at %v", k.text, k.y)
		}
	}
	if got := strconv.Quote(clock(125, 600)); got != `"2:05"` {
		t.Errorf("125 s is %s", got)
	}
}

// Whose answers came late felt it, in the seconds in which they did: a tenth of them by their p90, half by their median. Whether the steady
// phase's own came late can't be told, nor of what it had none.
func TestLateIsFelt(t *testing.T) {
	r := small.result(t)
	steady, late := r.Phases[0].Name, r.Phases[1].Name
	ms := func(v float64) *float64 { return &v }
	for i := range r.Phases[0].Requests {
		r.Phases[0].Requests[i].AnswerMs = &record.Latency{Count: 100, P50: 5, P90: 10, P99: 20}
	}
	alone := r.Phases[1].Requests[0].Request
	for i := range r.Windows {
		w := &r.Windows[i]
		w.Failed, w.OK, w.P50, w.P90 = 0, w.Sent, ms(5), ms(10)
		if w.Request == alone && (w.Phase == late || w.Phase == steady && w.Second == 1) {
			if w.P90 = ms(300); w.Second%2 == 0 {
				w.P50 = ms(200)
			}
		}
	}
	tl, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tl.kinds {
		share := 0.0
		for _, o := range k.buckets {
			share += o.late / o.total()
		}
		switch {
		case k.request != alone && k.late > 0:
			t.Errorf("%s was late in %d s", k.request, k.late)
		case k.request == alone && (k.late != 10 || math.Abs(share-5*0.1-5*0.5) > 1e-9):
			t.Errorf("%s was late in %d s, of %.2f seconds all; want 10, and 5 tenths and 5 halves", k.request, k.late, share)
		}
	}
	if alone != tl.kinds[0].request {
		t.Errorf("%s comes first, want %s, which felt it", tl.kinds[0].request, alone)
	}
	if page := rendered(t, r); !strings.Contains(page, "answered, late in 10 s") {
		t.Error("the page does not say for how long it was late")
	}
}
