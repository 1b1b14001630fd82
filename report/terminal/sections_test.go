package terminal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// shows wants lines, with single blanks between their words, in a report that is wide enough for all.
func shows(t *testing.T, r *record.Result, lines ...string) {
	t.Helper()
	out := rendered(t, r, View{Width: 250})
	var said []string
	for line := range strings.Lines(out) {
		said = append(said, strings.Join(strings.Fields(line), " "))
	}
	for _, line := range lines {
		found := false
		for _, s := range said {
			found = found || s == line
		}
		if !found {
			t.Errorf("the report lacks %q:\n%s", line, out)
		}
	}
}

// The hit ratio of each node's caches is in the report, its instances together.
func TestReportOfCaches(t *testing.T) {
	t.Parallel()
	shows(t, &record.Result{Nodes: []record.Node{
		{Name: "edge", Instance: "edge-1", Counters: map[string]float64{"squall_cache_hits_total": 800, "squall_cache_misses_total": 100}},
		{Name: "edge", Instance: "edge-2", Counters: map[string]float64{"squall_cache_hits_total": 63, "squall_cache_revalidating_total": 0,
			"squall_cache_misses_total": 37, "squall_cache_stale_total": 7, "squall_cache_evicted_total": 12}},
		{Name: "shop", Instance: "shop-1", Counters: map[string]float64{"squall_cache_hits_total": 0}},
		{Name: "far", Instance: "far-1", Counters: map[string]float64{"squall_cache_revalidating_total": 3, "squall_cache_misses_total": 1}},
	}},
		"CACHE OF hit ratio fresh hits while refreshed misses stale on error evicted",
		"edge 86.3% 863 137 7 12",
		"far 75% 0 3 1 0")
}

// What is unknown is not told as a no: neither "not felt" nor "not by the end". What is true of many faults alike is said once.
func TestUnknownRecoveryIsSaid(t *testing.T) {
	t.Parallel()
	on, off := 0.0, 10.0
	r := &record.Result{Faults: []record.Fault{
		{Text: "outage", On: "app", AppliedS: &on, UndoneS: &off, RecoveryUntold: "there is no steady state to compare with"},
		{Text: "outage", On: "app", AppliedS: &on, UndoneS: &off, RecoveryUntold: "there is no steady state to compare with"},
		{Text: "crash", Name: "db dies", On: "db", AppliedS: &on, UndoneS: &off, DetectedAfterS: &on, RecoveredAfterS: &on, ToldWith: "outage on app"},
	}}
	shows(t, r, "outage app 0.00 s 10.00 s unknown unknown", "recovery is unknown: there is no steady state to compare with",
		"db dies db 0.00 s 10.00 s 0.0 s 0.0 s", "it can't be told apart from outage on app: what was felt is of both")
	out := rendered(t, r, View{})
	if strings.Contains(out, "not felt") || strings.Contains(out, "not by the end") {
		t.Errorf("what is unknown is told as a no:\n%s", out)
	}
	if n := strings.Count(out, "no steady state"); n != 1 {
		t.Errorf("the same reason is said %d times:\n%s", n, out)
	}
}

// What was done beside the plan is a row of its own among the faults, and its phases say so.
func TestReportOfWhatWasDoneByHand(t *testing.T) {
	t.Parallel()
	r := shop()
	r.Actions = []record.Action{
		{AtS: 11.5, Who: record.ByHand, Door: "toxiproxy's API", What: "reset", On: "all edges"},
		{AtS: 12, Who: record.ByOutside, Door: "signal", What: "stopped", On: "b-1", UndoneS: ref(19.)},
	}
	shows(t, r,
		"payments down shop -> payments 10.00 s 20.00 s 0.0 s 1.0 s 42%",
		"reset (by hand, toxiproxy's API) all edges 11.50 s -",
		"stopped (from outside, signal) b-1 12.00 s 19.00 s",
		"hang (touched) GET /catalog/{item} 601 100% 0% 0% 60.1/s (60.0/s) 2.55 s (5.0 ms) 4.84 s (9.5 ms) 4.97 s 5.10 s")
}

// A closed load that stood still says for how much of its time, and how much it did not send.
func TestReportOfStalls(t *testing.T) {
	t.Parallel()
	r := shop()
	r.Generator.Stalls = []record.Stall{{Load: "users", TimeShare: .2, NotSent: 1250, LongestS: 5.02}}
	if out := strings.Join(strings.Fields(rendered(t, r, View{})), " "); !strings.Contains(out, "Stall the users of users stood still for 20% of their time (5.0 s at most) "+
		"and sent about 1250 requests fewer: a closed load omits those, and no latency has them") {
		t.Errorf("the stall is not told:\n%s", out)
	}
}

// Edges of replicas are one row, and with -v as many as there are; what an image does not say of its attempts is not known, what a load
// alone can say is.
func TestReplicasAreSummed(t *testing.T) {
	t.Parallel()
	r := shop()
	r.Edges = append(r.Edges, record.Edge{Name: "image-1:db-1", From: "image", To: "db", FromInst: "image-1", ToInst: "db-1", Attempts: 77, Requests: 77},
		record.Edge{Name: "b-1:c-1", From: "b", To: "c", FromInst: "b-1", ToInst: "c-1", Attempts: 98, OK: 75, Failures: 25, InFlight: -2})
	shows(t, r,
		"users -> shop 2716 81.4% 18.6% 0% 0 - 4.90 s 45.0 ms 60 0 B 0 B",
		"shop -> payments 1400 67.8% 2.9% 28.6% 0.7% 12 1.02x 44.0 ms 11.0 ms payments down 600 0 B 0 B",
		"b -> c 98 75% 25% 0% 0 - - - 0 0 B 0 B",
		"image -> db 77 - - - - - - - 0 0 B 0 B")
	out := rendered(t, r, View{Width: 250, Verbose: true})
	for _, edge := range []string{"users -> shop-1", "users -> shop-2", "shop-1 -> payments-1", "shop-2 -> payments-1", "jobs-2 -> mail "} {
		if !strings.Contains(out, edge) {
			t.Errorf("%s is not shown apart:\n%s", edge, out)
		}
	}
}

// For how long it was bad is said however long the names are: what stands in brackets goes first, then the names are shortened.
func TestHowLongItWasBadIsSaid(t *testing.T) {
	t.Parallel()
	for name, width := range map[string]int{"browsers and phones": 100, strings.Repeat("a name that is long and longer, ", 3): 100, "users": 92} {
		r := shop()
		for i := range r.Phases {
			for n := range r.Phases[i].Requests {
				r.Phases[i].Requests[n].Load = name
			}
		}
		for i := range r.Windows {
			r.Windows[i].Load = name
		}
		r.Phases[0].Requests = append(r.Phases[0].Requests, record.Request{Load: "another", Request: "GET /", Sent: 1, OK: 1})
		if out := rendered(t, r, View{Width: width}); !strings.Contains(out, "bad for") || !strings.Contains(out, "10 of 10 s") {
			t.Errorf("%d columns, %q:\n%s", width, name, out)
		}
	}
}

// Faults on an edge whose names leave no room are told by their kinds: cut in their middle two of them read as one.
func TestWhatHitAnEdgeIsToldWhole(t *testing.T) {
	on := 1.0
	fault := func(kind string, status int) record.Fault {
		return record.Fault{Kind: kind, Text: fmt.Sprintf("%s 100%% (status %d)", kind, status), Edges: []string{"a:b"}, AppliedS: &on}
	}
	c := crossing{edges: []string{"a:b"}}
	for want, faults := range map[string][]record.Fault{
		"errors 100% (status 503)": {fault("errors", 503)},
		"errors ×2, latency":       {fault("errors", 503), fault("latency", 0), fault("errors", 501)},
	} {
		if got := c.hitBy(&record.Result{Faults: faults}); got != want {
			t.Errorf("hit by %q, want %q", got, want)
		}
	}
}

// A row about which an expectation did not hold is not folded away, of the steady phase or of one that lost nothing beside it; nor does it pass for one of another
// phase or request.
func TestWhatMissedAnExpectationIsShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, of string
		shown  bool
	}{{"steady", "GET /catalog/{item}", true}, {"steady", "all", true}, {"steady", "POST /orders/{id}", false}, {"after", "GET /catalog/{item}", false}} {
		no := false
		r := shop()
		r.Expectations = []record.Expectation{{Text: "p99 < 1ms", Measured: "p99 5 ms", In: c.in, Of: c.of, Holds: &no}}
		out := rendered(t, r, View{Width: 250})
		table := out[strings.Index(out, "PHASE"):strings.Index(out, "EDGE")]
		if got := strings.Contains(table, "steady  GET /catalog/{item}"); got != c.shown {
			t.Errorf("in %s, of %s: shown is %v, want %v:\n%s", c.in, c.of, got, c.shown, table)
		}
	}
}
