package findings

import (
	"reflect"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// spreading is the shop with a series: payments hangs from 10 s on, the shop's workers are held from 12 s on, and its users fail
// from 13 s on. A second at 4 s in which chance took a tenth of five calls is nobody's failure.
func spreading(t *testing.T) *record.Result {
	r := shop(t)
	r.Edges = []record.Edge{
		{Name: "users:shop-1", From: "users", To: "shop", FromInst: "users", ToInst: "shop-1"},
		{Name: "shop-1:payments-1", From: "shop", To: "payments", FromInst: "shop-1", ToInst: "payments-1"},
	}
	for s := 0.0; s <= 20; s++ {
		m := record.Moment{AtS: s, Nodes: map[string]map[string]float64{"shop-1": {}}, Edges: map[string]record.Crossing{
			"shop-1:payments-1": {Attempts: 10, Requests: 10, FirstByteMs: 10},
		}}
		switch {
		case s == 5:
			m.Edges["shop-1:payments-1"] = record.Crossing{Attempts: 10, Failures: 1, Requests: 10, FirstByteMs: 10}
		case s == 11: // they hang: none has ended yet
			m.Edges["shop-1:payments-1"] = record.Crossing{Attempts: 10, InFlight: 10, Requests: 10}
		case s > 11:
			m.Edges["shop-1:payments-1"] = record.Crossing{Attempts: 10, GaveUp: 9, Requests: 10}
		}
		if s > 12 {
			m.Nodes["shop-1"] = map[string]float64{"squall_queued_total": 20, "squall_queue_seconds_total": 10}
		}
		r.Series = append(r.Series, m)
		if s < 20 {
			w := record.Window{Second: int(s), Phase: "steady", Load: "users", Request: "POST /orders/{id}", Sent: 10, OK: 10}
			if s >= 10 {
				w.Phase = "hang"
			}
			if s >= 13 {
				w.OK, w.Failed = 1, 9
			}
			r.Windows = append(r.Windows, w)
		}
	}
	return r
}

// The way of a failure is that of the seconds in which each part first was bad, the cause first.
func TestSpreadIsInTime(t *testing.T) {
	t.Parallel()
	found := Find(spreading(t))
	if len(found) == 0 {
		t.Fatal("nothing found")
	}
	want := []record.Worsened{
		{Where: "payments", AtS: 10, What: "10 attempts at it under way at once, 1 at most before"},
		{Where: "shop", AtS: 12, What: "its requests wait 500 ms for a worker"},
		{Where: "users", AtS: 13, What: "90% of its requests failed"},
	}
	if got := found[0].Spread; !reflect.DeepEqual(got, want) {
		t.Errorf("%s spread by\n%+v, want\n%+v", found[0].Kind, got, want)
	}
	unknown := spreading(t)
	unknown.Series = nil
	if got := Find(unknown)[0].Spread; got != nil {
		t.Errorf("a record without a series tells %+v", got)
	}
}

// What an earlier fault had made bad is not the begin of a later one's way, though no second was well between; what a phase without a fault of
// its own suffers from began before it.
func TestSpreadBeginsWithItsOwnFault(t *testing.T) {
	t.Parallel()
	slow := spreading(t)
	for i := range slow.Series {
		if s := slow.Series[i].AtS; s > 6 && s < 11 {
			slow.Series[i].Edges["shop-1:payments-1"] = record.Crossing{Attempts: 10, Failures: 5, Requests: 10, FirstByteMs: 10}
		}
	}
	for i := range slow.Faults {
		slow.Faults[i].AppliedS, slow.Faults[i].UndoneS = new(10.0), new(20.0)
	}
	began := func() float64 {
		t.Helper()
		for _, f := range Find(slow) {
			for _, s := range f.Spread {
				if s.Where == "payments" {
					return s.AtS
				}
			}
		}
		t.Fatal("nothing is said of payments")
		return 0
	}
	if at := began(); at != 10 {
		t.Errorf("the way of what a fault at 10 s did begins at %v s", at)
	}
	slow.Faults = nil
	if at := began(); at != 6 {
		t.Errorf("without a fault of its own it begins at %v s, want where it was bad first", at)
	}
}

// What was kept away is told as it was counted, where that is beyond the steady phase's rate, while a fault was on.
func TestAbsorbedBeyondTheSteadyRate(t *testing.T) {
	t.Parallel()
	r := shop(t)
	count := func(phase int, name string, n float64) { r.Phases[phase].Nodes[0].Counters["squall_"+name] = n }
	count(0, "breaker_rejected_total", 10)
	count(1, "breaker_rejected_total", 50)
	count(1, "degraded_total", 30)
	count(1, "cache_stale_total", 12)
	count(1, "hedges_won_total", 4) // too few to tell of
	want := []record.Absorbed{
		{Phase: "hang", Where: "shop", By: "breaker", Count: 50, Text: "shop did not make 50 calls that would have waited for what failed (10 would be usual, as in steady)"},
		{Phase: "hang", Where: "shop", By: "fallback", Count: 18, Text: "shop answered 18 requests without what failed"},
		{Phase: "hang", Where: "shop", By: "cache", Count: 12, Text: "shop answered 12 requests with copies that had expired"},
	}
	if got := Absorbed(r); !reflect.DeepEqual(got, want) {
		t.Errorf("absorbed\n%+v, want\n%+v", got, want)
	}
	r.Faults = nil
	if got := Absorbed(r); got != nil {
		t.Errorf("without a fault: %+v", got)
	}
}
