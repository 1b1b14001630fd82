package findings

import (
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

const plain = `{"call": {"node": "back", "method": "POST", "path": "/y"}}`

func kindAt(found []record.Finding, kind string) *record.Finding {
	if i := slices.IndexFunc(found, func(f record.Finding) bool { return f.Kind == kind }); i >= 0 {
		return &found[i]
	}
	return nil
}

// What was lost has a cause also where no pattern is for it: who was gone, whom nobody answers without, whom users ask themselves. Where
// another finding tells of the phase, nothing is added.
func TestWhatNoPatternIsFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant                 func(*record.Result)
		kind, where, evidence string
	}{
		"all of a node crashed": {func(r *record.Result) {
			r.Design.Nodes[1] = raw(t, `{"name": "back", "kind": "database", "replicas": 2}`)
			r.Faults[0] = record.Fault{Kind: "crash", Text: "crash", On: "back", AppliedS: r.Faults[0].AppliedS, UndoneS: r.Faults[0].UndoneS, Instances: []string{"back-1", "back-2"}}
		}, "nobody in its place", "back", "crash took 2 of 2 instances of back"},
		"all of a node on a machine that is lost": {func(r *record.Result) {
			r.Design.Nodes[1] = raw(t, `{"name": "back", "kind": "database", "replicas": 2}`)
			r.Faults[0] = record.Fault{Kind: "machine_loss", Text: "machine loss", On: "back-1", AppliedS: r.Faults[0].AppliedS, UndoneS: r.Faults[0].UndoneS, Instances: []string{"back-1"},
				Receipt: record.Receipt{Did: []record.Deed{{Instance: "back-1", What: "lost"}, {Instance: "back-2", What: "lost"}}}}
		}, "nobody in its place", "back", "machine loss took 2 of 2 instances of back"},
		"the entry itself": {func(r *record.Result) {
			r.Faults[0].Edges = []string{"users:front-1"}
			r.Phases[1].Edges = append(r.Phases[1].Edges, record.Edge{Name: "users:front-1", From: "users", To: "front", Attempts: 100})
		}, "no other way", "users -> front", "slow back was on back; 50 of 100 requests of users failed"},
		"nothing that is known": {func(*record.Result) {}, "", "", ""},
	} {
		r := patient(t, withBreaker)
		r.Phases = r.Phases[:2]
		r.Design.Nodes[0] = raw(t, `{"name": "front", "kind": "service", "replicas": 2, "endpoints": [{"match": "GET /x", "steps": [{"write": "back"}]}]}`)
		c.plant(r)
		found := Find(r)
		if c.kind == "" {
			if len(found) > 0 {
				t.Errorf("%s: %+v", name, found)
			}
			continue
		}
		f := kindAt(found, c.kind)
		if f == nil || f.Where != c.where || !strings.Contains(strings.Join(f.Evidence, "; "), c.evidence) || f.Lost == 0 || len(f.Try) > 0 {
			t.Errorf("%s: %+v, want %s at %s by %q", name, found, c.kind, c.where, c.evidence)
		}
	}
}

// Who is told no was answered: by a rate, by a rule about bots, or that there is no such thing while nothing was wrong. Without
// the rule, or while something is wrong, the same answers are failures.
func TestANoIsAnAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase          int
		class, counter string
		lost           int64
	}{
		{1, "429", "rate_limited_total", 0},
		{1, "429", "bots_limited_total", 0},
		{1, "429", "", 50},
		{1, "403", "bots_blocked_total", 0},
		{1, "403", "rate_limited_total", 50},
		{1, "404", "", 50}, // slow back is on
		{2, "404", "", 0},
		{2, "500", "", 50},
	} {
		r := patient(t, plain)
		p := &r.Phases[c.phase]
		p.Requests[0].Errors = map[string]int64{c.class: 50}
		if c.counter != "" {
			p.Nodes[0].Counters["squall_"+c.counter] = 50
		}
		d, err := diagnose(r)
		if err != nil {
			t.Fatal(err)
		}
		if h := d.phases[c.phase].harms[0]; h.lost != c.lost || h.failed != c.lost {
			t.Errorf("50 of %s with %q in %s: %d lost, %d failed, want %d", c.class, c.counter, p.Name, h.lost, h.failed, c.lost)
		}
	}
}

// An outage that stays is more than what was lost before it began.
func TestWhatWasLostBeforeDoesNotStay(t *testing.T) {
	t.Parallel()
	for before, want := range map[int64]bool{0: true, 30: true, 45: false, 50: false} {
		r := patient(t, plain)
		r.Phases[2].Nodes[0].Counters["squall_queued_total"], r.Phases[2].Nodes[0].Counters["squall_queue_seconds_total"] = 100, 50
		r.Phases[0].Requests = []record.Request{answers("users", "GET /x", 100, before, 10), answers("bots", "GET /x", 100, 0, 10)}
		if f := kindAt(Find(r), outageStays.Name); (f != nil) != want {
			t.Errorf("%d of 100 lost before and 50 after: found is %v, want %v", before, f != nil, want)
		}
	}
}

// A change that is everywhere is charged with what all of it lost, and a callee with what those lost who need it.
func TestWhoIsChargedWithWhat(t *testing.T) {
	t.Parallel()
	r := shop(t)
	r.Faults = []record.Fault{{Kind: "errors", Text: "errors 60%", On: "(shop, payments)", AppliedS: r.Faults[0].AppliedS, UndoneS: r.Faults[0].UndoneS,
		Instances: []string{"shop-1", "payments-1"}}}
	r.Phases[1].Nodes = []record.PhaseNode{{Instance: "shop-1", Counters: map[string]float64{"squall_injected_errors_total": 7}},
		{Instance: "payments-1", Counters: map[string]float64{"squall_injected_errors_total": 5}}}
	found := Find(r)
	if f := kindAt(found, changeFailed.Name); f == nil || f.Lost != 145 || len(f.Who) != 2 || !strings.Contains(f.Evidence[0], "12 injected") {
		t.Errorf("%+v", f)
	}
	if f := kindAt(found, noOtherWay.Name); f == nil || f.Lost != 95 || !slices.Equal(f.Who, []string{"users: POST /orders/{id}"}) ||
		f.Evidence[0] != "errors 60% was on (shop, payments)" {
		t.Errorf("%+v", f)
	}
}

// Writes are those of who writes, wherever on the way; where the design does not say, anybody's.
func TestWhoseWrites(t *testing.T) {
	t.Parallel()
	for payments, want := range map[string][]string{
		`{"name": "payments", "kind": "service", "endpoints": [{"match": "POST /charge", "steps": [{"write": "db"}]}]}`: {"users: POST /orders/{id}"},
		`{"name": "payments", "kind": "service"}`: {"users: GET /items/{id}", "users: POST /orders/{id}"},
	} {
		r := shop(t)
		r.Design.Nodes[1] = raw(t, payments)
		r.Writes = record.Writes{Checked: true, Acknowledged: 50, Duplicated: 1}
		if f := kindAt(Find(r), writesDoubled.Name); f == nil || !slices.Equal(f.Who, want) || f.Evidence[0] != "1 surplus copy" {
			t.Errorf("%s: %+v, want %q", payments, f, want)
		}
	}
}

// What was on a callee names it; where nothing was on it, what was on something that it asks in its turn and that did badly does.
func TestWhatWasOnWhoFailed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on   string
		bad  int64
		want string
	}{{"payments-1", 90, "errors was on payments-1"}, {"bank-1", 90, "errors was on bank-1"}, {"bank-1", 0, ""}, {"shop-1", 90, ""}} {
		r := shop(t)
		r.Design.Nodes[1] = raw(t, `{"name": "payments", "kind": "service", "endpoints": [{"match": "POST /charge", "steps": [{"call": {"node": "bank", "method": "POST", "path": "/pay"}}]}]}`)
		r.Design.Nodes = append(r.Design.Nodes, raw(t, `{"name": "bank", "kind": "service"}`))
		r.Nodes = append(r.Nodes, record.Node{Name: "bank", Instance: "bank-1"})
		r.Faults = []record.Fault{{Kind: "errors", Text: "errors", On: c.on, AppliedS: r.Faults[0].AppliedS, UndoneS: r.Faults[0].UndoneS, Instances: []string{c.on}}}
		r.Phases[1].Edges = append(r.Phases[1].Edges, record.Edge{From: "payments", To: "bank", FromInst: "payments-1", ToInst: "bank-1", Attempts: 100, Failures: c.bad})
		d, err := diagnose(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.struck(d.phases[1], [2]string{"shop", "payments"}), "; "); got != c.want {
			t.Errorf("errors on %s, %d of 100 attempts at the bank failed: %q, want %q", c.on, c.bad, got, c.want)
		}
	}
}

// A cache's loss is theirs whose answers it keeps, and where they lost nothing it is no finding.
func TestACacheLosesWhatItKeeps(t *testing.T) {
	t.Parallel()
	for match, want := range map[string]int64{"GET /items/*": 50, "POST /orders/*": 90, "/*": 140, "GET /pages/*": 0} {
		r := shop(t)
		r.Design.Nodes[0] = raw(t, `{"name": "shop", "kind": "cdn", "origin": "payments", "cache": [{"match": "`+match+`", "ttl": 1000000000}]}`)
		r.Design.Nodes[1] = raw(t, `{"name": "payments", "kind": "service"}`)
		r.Phases[1].Requests[1] = answers("users", "POST /orders/{id}", 100, 90, 10)
		for i, hits := range []float64{90, 5} {
			r.Phases[i].Nodes[0].Counters["squall_cache_hits_total"], r.Phases[i].Nodes[0].Counters["squall_cache_misses_total"] = hits, 100-hits
		}
		f := kindAt(Find(r), cacheLost.Name)
		if want == 0 {
			if f != nil {
				t.Errorf("%s: %+v", match, f)
			}
			continue
		}
		if f == nil || f.Lost != want {
			t.Errorf("%s: %+v, want %d lost", match, f, want)
		}
	}
}

// A cache that answers less is lost where what is behind it is asked more for that, or does not answer; where fewer ask at all nothing meets it. What was
// not asked before is asked no number of times as often.
func TestALostCacheIsWhatMeetsWhoIsBehindIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steady, slow [2]float64 // hits and misses
		failures     int64
		because      string
	}{
		"twice as often": {[2]float64{60, 40}, [2]float64{20, 80}, 0, "payments is asked 2.0 times as often"},
		"more":           {[2]float64{60, 40}, [2]float64{13, 52}, 0, "payments is asked 1.3 times as often"},
		"fewer ask":      {[2]float64{60, 40}, [2]float64{7, 28}, 0, ""},
		"as many misses": {[2]float64{60, 40}, [2]float64{10, 50}, 0, ""},
		"no answer":      {[2]float64{60, 40}, [2]float64{7, 28}, 28, "copies expire while payments does not answer, and one that has expired is not used"},
		"never before":   {[2]float64{100, 0}, [2]float64{20, 80}, 0, "payments is asked 8.0 times a second, and was not in steady"},
	} {
		r := shop(t)
		r.Design.Nodes[0] = raw(t, `{"name": "shop", "kind": "cdn", "origin": "payments", "cache": [{"match": "/*", "ttl": 1000000000}]}`)
		r.Design.Nodes[1] = raw(t, `{"name": "payments", "kind": "service"}`)
		r.Phases[1].Requests[1] = answers("users", "POST /orders/{id}", 100, 90, 10)
		for i, n := range [][2]float64{c.steady, c.slow} {
			r.Phases[i].Nodes[0].Counters["squall_cache_hits_total"], r.Phases[i].Nodes[0].Counters["squall_cache_misses_total"] = n[0], n[1]
		}
		r.Faults = []record.Fault{{Kind: "flush", Text: "flush", On: "shop", AppliedS: r.Faults[0].AppliedS, UndoneS: r.Faults[0].UndoneS, Instances: []string{"shop-1"}}}
		r.Phases[1].Edges = []record.Edge{{From: "shop", To: "payments", FromInst: "shop-1", ToInst: "payments-1", Attempts: int64(c.slow[1]), Failures: c.failures}}
		f := kindAt(Find(r), cacheLost.Name)
		if (f == nil) != (c.because == "") || f != nil && f.Because != c.because {
			t.Errorf("%s: %+v, want %q", name, f, c.because)
		}
	}
}

// A queue's rate in and out are what its counters say, and when it is empty is what waits over what it has to spare.
func TestHowAQueueGrows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked, under, waits float64
		want                string
	}{
		{400, 100, 100, "40.0/s came and 30.0/s left it; 100 stand in line at the end of hang: at this pace, and asked for the 20.0/s of steady, it would be empty after 10 s"},
		{400, 250, 200, "40.0/s came and 15.0/s left it; 200 stand in line at the end of hang: at this pace, and asked for the 20.0/s of steady, it would never be empty"},
		{400, 5, 5, "40.0/s came and 39.5/s left it; 5 stand in line at the end of hang"},
	} {
		r := shop(t)
		counters := r.Phases[1].Nodes[0].Counters
		counters["squall_requests_total"], counters["squall_in_flight"], counters["squall_queue_depth"] = c.asked, c.under, c.waits
		f := kindAt(Find(r), queueGrows.Name)
		if f == nil || strings.Join(f.Evidence[1:], "; ") != c.want {
			t.Errorf("%+v, want %q", f, c.want)
		}
	}
}

// Lost writes are told with when they were acknowledged, where they are known one by one, and with the promotion.
func TestWhenWritesWereLost(t *testing.T) {
	t.Parallel()
	r := shop(t)
	at := 15.0
	r.Writes = record.Writes{Checked: true, Acknowledged: 50, Lost: 2}
	r.Written = []record.Written{{DoneS: 3}, {DoneS: 11, Lost: true}, {DoneS: 14.5, Lost: true}, {DoneS: 19}}
	r.Faults = append(r.Faults, record.Fault{Kind: "promote", Text: "promote", On: "copy-1", AppliedS: &at})
	want := []string{"2 of 50 acknowledged writes are not there", "they were acknowledged from 11 s to 14 s", "copy-1 was promoted at 15 s"}
	if f := kindAt(Find(r), writesLost.Name); f == nil || !slices.Equal(f.Evidence, want) {
		t.Errorf("%+v, want %q", f, want)
	}
}
