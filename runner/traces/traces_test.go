package traces

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
)

var phases = []record.Span{{Name: "steady", Start: 0, End: 10 * time.Second}, {Name: "slow", Start: 10 * time.Second, End: 20 * time.Second}}

func ended(seq int, at, took time.Duration, failed string) record.Sample {
	s := record.Sample{Load: "users", Request: "GET /", Seq: uint64(seq), Intended: at, Sent: at, Done: at + took, Outcome: record.OK, Status: 200, Error: failed}
	if failed != "" {
		s.Outcome, s.Status = record.Failed, 0
	}
	return s
}

func names(of []record.Trace) (out []string) {
	for _, t := range of {
		out = append(out, fmt.Sprint(t.Phase, " ", t.Chosen, " ", t.Seq, " ", t.Error))
	}
	return out
}

// The slowest are those with the greatest latencies, the earlier of equals first; of the failed one of each class comes first. What is
// kept does not depend on who ended first.
func TestWhatIsKeptDependsOnTheRequestsAlone(t *testing.T) {
	t.Parallel()
	var samples []record.Sample
	for n := range 200 {
		samples = append(samples, ended(n, time.Duration(n)*time.Millisecond, time.Duration(n%50)*time.Millisecond, ""))
	}
	for n := 200; n < 300; n++ {
		samples = append(samples, ended(n, 11*time.Second, time.Second, "503"))
	}
	samples = append(samples, ended(300, 12*time.Second, time.Second, "timeout"), ended(301, 12*time.Second, time.Second, "reset"),
		ended(302, -time.Second, time.Hour, ""), ended(303, 25*time.Second, time.Hour, ""))
	kept := func() []string {
		c := New(phases, 1, 7)
		for _, s := range samples {
			c.Add(s)
		}
		out, sum := c.Traces(System{})
		if sum.Kept != 6 || sum.Slowest != 3 {
			t.Errorf("%+v", sum)
		}
		return names(out)
	}
	first := kept()
	if want := []string{"steady slowest 49 ", "steady slowest 99 ", "steady slowest 149 "}; !slices.Equal(first[:3], want) {
		t.Errorf("the slowest are %q, want %q", first[:3], want)
	}
	classes := map[string]bool{}
	for _, name := range first[3:] {
		var phase, chosen, class string
		var seq int
		fmt.Sscan(name, &phase, &chosen, &seq, &class) //nolint:errcheck // it then is not what is wanted
		classes[class] = phase == "slow" && chosen == "failed"
	}
	if want := map[string]bool{"503": true, "timeout": true, "reset": true}; !cmp.Equal(classes, want) {
		t.Errorf("the failed are %q", first[3:])
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		if got := kept(); !slices.Equal(got, first) {
			t.Fatalf("in another order it keeps %q, not %q", got, first)
		}
	}
}

// A run of many phases and requests keeps fewer of each, and 200 at most.
func TestRunsAreBounded(t *testing.T) {
	t.Parallel()
	for requests, each := range map[int]int{1: 3, 20: 2, 50: 1, 400: 1} {
		c := New(phases, requests, 7)
		for r := range requests {
			for n := range 20 {
				s := ended(n, time.Duration(n)*time.Second, time.Second, []string{"", "503"}[n%2])
				s.Request = fmt.Sprint("GET /", r)
				c.Add(s)
			}
		}
		out, sum := c.Traces(System{})
		if sum.Slowest != each || len(out) > mostTraces || sum.Kept+sum.Dropped != 2*2*requests*each || sum.Kept != len(out) {
			t.Errorf("%d requests: %d kept, %+v", requests, len(out), sum)
		}
	}
}

// The hops of one request: an attempt that timed out and whose callee worked on, a policy's refusal, and one that was answered.
func TestSpansStandBehindWhatLedToThem(t *testing.T) {
	t.Parallel()
	zero := time.Unix(100, 0)
	c := New(phases, 1, 7)
	c.Add(ended(5, 11*time.Second, 100*time.Millisecond, ""))
	wanted := c.Wanted()
	root := c.all()[0].id
	if len(wanted) != 1 || wanted[0] != root.High {
		t.Fatalf("it wants %x", wanted)
	}
	at := func(ms int64) int64 { return zero.Add(11*time.Second).UnixNano() + ms*1e6 }
	span := func(id, parent uint64, kind string, from, started, to int64, class string) wire.Span {
		s := wire.Span{Trace: root.High, ID: id, Parent: parent, Kind: kind, Began: at(from), Started: at(started), Class: class}
		if to > 0 {
			s.Ended = at(to)
		}
		if kind == wire.SpanAttempt {
			s.To = "db-1"
		}
		return s
	}
	api := []wire.Span{
		span(20, 10, wire.SpanAttempt, 2, 2, 52, wire.SpanFailed), span(21, 10, wire.SpanAttempt, 60, 60, 60, wire.SpanRefused),
		span(22, 10, wire.SpanAttempt, 70, 75, 95, wire.SpanOK), span(10, root.Span, wire.SpanServer, 1, 2, 101, wire.SpanOK),
	}
	db := []wire.Span{
		span(30, 20, wire.SpanServer, 3, 3, 0, ""), span(31, 22, wire.SpanServer, 76, 76, 94, wire.SpanOK), span(32, 99, wire.SpanServer, 80, 80, 81, wire.SpanOK),
	}
	c.Heard(wanted, []Answer{{"api-1", &wire.Spans{Since: at(-5), Spans: api}}, {"db-1", &wire.Spans{Since: at(-5), Dropped: 2, Spans: db}}, {Instance: "cdn-1"}}, zero)
	if again := c.Wanted(); len(again) != 1 {
		t.Error("one span has no end, and it does not ask again")
	}
	db[0].Ended, db[0].Class = at(150), wire.SpanGaveUp
	c.Heard(wanted, []Answer{{"api-1", &wire.Spans{Since: at(500), Spans: nil}}, {"db-1", &wire.Spans{Dropped: 2, Spans: db[:1]}}, {"late-1", &wire.Spans{Since: at(50)}}}, zero)
	if again := c.Wanted(); len(again) != 0 {
		t.Error("everything has ended, and it asks again")
	}
	out, sum := c.Traces(System{
		Zero: zero, Edges: map[[2]string]string{{"users", "api-1"}: "users:api-1", {"api-1", "db-1"}: "api-1:db-1"}, Instances: []string{"api-1", "cdn-1", "db-1", "late-1"},
		Faults: []Fault{
			{Name: "before", On: 0, Off: 10 * time.Second, Edges: []string{"api-1:db-1"}}, {Name: "met", On: 10 * time.Second, Off: 20 * time.Second, Edges: []string{"api-1:db-1"}},
			{Name: "elsewhere", On: 10 * time.Second, Off: 20 * time.Second, Edges: []string{"api-1:x-1"}}, {Name: "its", On: 11 * time.Second, Off: 12 * time.Second, Instances: []string{"db-1"}},
		},
	})
	var got []string
	for _, s := range out[0].Spans {
		got = append(got, fmt.Sprintf("%d<%d %s %s %s %v+%v..%v %s %v", s.ID, s.Parent, s.Kind, s.Instance, s.Edge, s.StartMs, *s.WaitedMs, *s.EndMs, s.Class, s.Aside))
	}
	want := []string{
		"1<0 server api-1 users:api-1 1+1..101 ok false",
		"2<1 attempt api-1 api-1:db-1 2+0..52 failed false",
		"3<2 server db-1  3+0..150 gave up true",
		"4<1 attempt api-1 api-1:db-1 60+0..60 refused false",
		"5<1 attempt api-1 api-1:db-1 70+5..95 ok false",
		"6<5 server db-1  76+0..94 ok false",
		"7<0 server db-1  80+0..81 ok true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"met", "its"}, out[0].Faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"cdn-1", "late-1"}, out[0].Incomplete); diff != "" {
		t.Errorf("incomplete (-want +got):\n%s", diff)
	}
	if want := (&record.Traces{Kept: 1, Slowest: 3, Failed: 3, Incomplete: 1, Unanswered: map[string]int{"cdn-1": 1}, Forgotten: 2, UncertaintyMs: 1}); !cmp.Equal(want, sum) {
		t.Errorf("in sum %+v, want %+v", sum, want)
	}
}

// A trace of a retry storm is cut, what came first being kept.
func TestTracesAreBounded(t *testing.T) {
	t.Parallel()
	c := New(phases, 1, 7)
	c.Add(ended(5, 0, time.Second, ""))
	one := c.all()[0].id
	var spans []wire.Span
	for n := range 3 * mostSpans {
		spans = append(spans, wire.Span{Trace: one.High, ID: uint64(n + 1), Parent: one.Span, Kind: wire.SpanServer, Began: int64(n), Ended: int64(n)})
	}
	c.Heard(c.Wanted(), []Answer{{"a-1", &wire.Spans{Spans: spans}}}, time.Unix(0, 0))
	out, _ := c.Traces(System{Zero: time.Unix(0, 0)})
	if got := out[0]; len(got.Spans) != mostSpans || got.LeftOut != 2*mostSpans || got.Spans[mostSpans-1].ID != mostSpans {
		t.Errorf("%d spans, %d left out", len(got.Spans), got.LeftOut)
	}
}
