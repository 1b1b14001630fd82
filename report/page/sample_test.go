package page

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// nasty is a name that would be markup, or end an attribute, wherever it is not escaped.
const nasty = `<img src=x onerror=alert(1)> & "q" 'a' </script><script>alert(2)</script>`

// run is a run made up for tests: so many seconds of so many kinds of request, with so many nodes in a row, a fault in the
// middle third, and something done by hand.
type run struct {
	seconds, kinds, nodes, replicas int
	rate                            int64 // requests a second of each kind
	names                           string
}

func (s run) instance(n, i int) string { return fmt.Sprintf("%s-%d", s.node(n), i+1) }

func (s run) node(n int) string { return fmt.Sprintf("node%d%s", n, s.names) }

func (s run) request(k int) string { return fmt.Sprintf("GET /%d/%s", k, s.names) }

func (s run) result(tb testing.TB) *record.Result {
	tb.Helper()
	third := float64(s.seconds) / 3
	holds, from, to, by := false, third, 2*third, third+1
	covered := 0.5
	r := &record.Result{
		Version: record.Version, Scenario: "made up" + s.names, About: "A run for tests" + s.names, Variant: s.names, Engine: "virtual", Seed: 7, Run: "r1",
		Verdict: record.Fail, Reasons: []string{"success was 50%, expected more" + s.names}, Started: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC),
		DurationS: float64(s.seconds), Command: "squall run x.yaml" + s.names, AsRun: "scenario: made up" + s.names,
		Expectations: []record.Expectation{{Text: "success >= 99%" + s.names, Measured: "50%" + s.names, Holds: &holds}, {Text: "told", Why: "no sample" + s.names}},
		Faults: []record.Fault{{Name: "outage" + s.names, Kind: "outage", Text: "outage" + s.names, On: s.node(1), Phase: "fault" + s.names,
			Instances: []string{s.instance(1, 0)}, AppliedS: &from, UndoneS: &to, DetectedAfterS: &covered, RecoveredAfterS: &covered,
			Receipt: record.Receipt{Met: true, Text: "5 requests" + s.names, Coverage: &covered}}},
		Actions: []record.Action{{AtS: by, Who: record.ByHand, Door: "toxiproxy's API" + s.names, What: "latency" + s.names, On: s.instance(0, 0) + ":" + s.instance(1, 0)}},
		Findings: []record.Finding{{Kind: "retry-amplification" + s.names, Where: s.node(1), When: record.Stretch{Phase: "fault" + s.names, FromS: third, ToS: to},
			Who: []string{"users: GET /0" + s.names}, Lost: 12, Evidence: []string{"3.0 attempts" + s.names}, Because: "it retries" + s.names,
			Try: []record.Remedy{{Pattern: "retry-budget" + s.names, About: "bounds it" + s.names, Example: "examples/patterns/x.yaml" + s.names}}}},
		Traces: &record.Traces{Kept: 2, Slowest: 1, Failed: 1, Incomplete: 1, UncertaintyMs: 0.5}, Traced: s.traced(third),
		Checks: []record.Check{{Name: "flow" + s.names, Text: "it flows" + s.names, OK: true}},
		Events: []record.Event{{AtS: 0, Kind: "note" + s.names, Text: "begun" + s.names}},
		Writes: record.Writes{Checked: true, Acknowledged: 10},
	}
	for i, name := range []string{"before", "fault", "after"} {
		p := record.Phase{Name: name + s.names, StartS: float64(i) * third, EndS: float64(i+1) * third, Edges: s.edges(i == 1)}
		for k := range s.kinds {
			n := int64(third) * s.rate
			q := record.Request{Load: "users" + s.names, Request: s.request(k), Sent: n, OK: n, Rate: float64(s.rate), Goodput: float64(s.rate),
				AnswerMs: &record.Latency{Count: n, P50: 5, P90: 9, P99: 12, P999: 15, Max: 20}, Errors: map[string]int64{}}
			if i == 1 {
				q.OK, q.Failed, q.Errors = n/2, n-n/2, map[string]int64{"503" + s.names: n - n/2}
			}
			p.Requests = append(p.Requests, q)
		}
		r.Phases = append(r.Phases, p)
	}
	r.Edges = s.edges(true)
	for n := range s.nodes {
		for i := range s.replicas {
			r.Nodes = append(r.Nodes, record.Node{Name: s.node(n), Instance: s.instance(n, i), Kind: "service" + s.names,
				Counters: map[string]float64{"squall_cache_hits_total": 3, "squall_cache_misses_total" + s.names: 1}})
		}
	}
	s.measure(tb, r)
	return r
}

// edges lead from the load through the nodes in a row.
// traced are an answer that took 20 ms, 12 of them within the second node, and a request that a policy refused after it had waited in vain.
func (s run) traced(third float64) []record.Trace {
	at := func(ms float64) *float64 { return &ms }
	first, second := s.instance(0, 0), s.instance(1, 0)
	return []record.Trace{
		{Phase: "steady" + s.names, Load: "users" + s.names, Request: s.request(0), Chosen: "slowest", Outcome: record.OK, Status: 200, IntendedS: 1, LatencyMs: 20,
			ID: "0af7651916cd43dd8448eb211c80319c", Spans: []record.TraceSpan{
				{ID: 1, Kind: "server", Instance: first, What: "GET /" + s.names, StartMs: 1, WaitedMs: at(2), EndMs: at(20), Class: "ok", Status: 200},
				{ID: 2, Parent: 1, Kind: "attempt", Instance: first, To: second, StartMs: 4, WaitedMs: at(1), EndMs: at(18), Class: "ok", Number: 2},
				{ID: 3, Parent: 2, Kind: "server", Instance: second, StartMs: 5, WaitedMs: at(0), EndMs: at(17), Class: "ok", Status: 200},
			}},
		{Phase: "fault" + s.names, Load: "users" + s.names, Request: s.request(0), Seq: 9, Chosen: "failed", Outcome: record.Failed, Error: "503", Status: 503, IntendedS: third + 1,
			SentMs: 3, LatencyMs: 50, Faults: []string{"outage" + s.names}, Incomplete: []string{second}, LeftOut: 4, Spans: []record.TraceSpan{
				{ID: 1, Kind: "server", Instance: first, StartMs: 4, WaitedMs: at(0), EndMs: at(49), Class: "failed", Status: 503},
				{ID: 2, Parent: 1, Kind: "attempt", Instance: first, To: second, StartMs: 9, EndMs: at(49), Class: "refused", Why: "breaker" + s.names, Number: 1},
				{ID: 3, Parent: 1, Kind: "server", Instance: second, StartMs: 9, WaitedMs: at(0), Aside: true},
			}},
	}
}

func (s run) edges(hurt bool) []record.Edge {
	edges := []record.Edge{{Name: "users:" + s.instance(0, 0), From: "users" + s.names, To: s.node(0), FromInst: "users", ToInst: s.instance(0, 0), Requests: 100}}
	for n := 1; n < s.nodes; n++ {
		for i := range s.replicas {
			e := record.Edge{Name: s.instance(n-1, 0) + ":" + s.instance(n, i), From: s.node(n - 1), To: s.node(n), FromInst: s.instance(n-1, 0), ToInst: s.instance(n, i),
				Attempts: 100, Amplification: 1, Requests: 100, FirstByteMs: 3}
			if hurt {
				e.Failures, e.Retries, e.Amplification = 50, 20, 1.25
			}
			edges = append(edges, e)
		}
	}
	return edges
}

// measure fills in windows and series.
func (s run) measure(tb testing.TB, r *record.Result) {
	tb.Helper()
	for second := range s.seconds {
		phase := min(second*3/s.seconds, 2)
		for k := range s.kinds {
			w := s.window(tb, second%10, phase == 1)
			w.Second, w.Phase, w.Load, w.Request = second, r.Phases[phase].Name, "users"+s.names, s.request(k)
			r.Windows = append(r.Windows, w)
		}
		m := record.Moment{AtS: float64(second), Nodes: map[string]map[string]float64{}, Edges: map[string]record.Crossing{}}
		for n := range s.nodes {
			for i := range s.replicas {
				m.Nodes[s.instance(n, i)] = map[string]float64{"squall_in_flight": float64((second*31 + n) % 97), "squall_queue_depth": float64((second*17 + i) % 53),
					"squall_requests_total": 100, "squall_work_seconds_total": float64((second*13+n)%7) / 7.3, "squall_errors_total": float64(phase % 2 * 40)}
			}
		}
		for _, e := range r.Edges[1:] {
			m.Edges[e.Name] = record.Crossing{Attempts: 100, Failures: int64(phase % 2 * 50)}
		}
		r.Series = append(r.Series, m)
	}
}

// windows are made once: to encode them takes longer than a page.
var windows = map[[3]int64]record.Window{}

// window is one second of one kind of request; ten of them differ.
func (s run) window(tb testing.TB, second int, hurt bool) record.Window {
	tb.Helper()
	key := [3]int64{s.rate, int64(second), 0}
	if hurt {
		key[2] = 1
	}
	if w, made := windows[key]; made {
		return w
	}
	all, failed := record.NewHistogram(), record.NewHistogram()
	w := record.Window{Sent: s.rate}
	for n := range s.rate {
		d := time.Duration(1+(n*7919+int64(second)*104729)%200) * 173 * time.Microsecond
		record.RecordDuration(all, d)
		if hurt && n%2 == 0 {
			record.RecordDuration(failed, d)
			w.Failed++
		}
	}
	w.OK = w.Sent - w.Failed
	w.Histogram, w.FailedHistogram = encoded(tb, all), encoded(tb, failed)
	windows[key] = w
	return w
}

func encoded(tb testing.TB, h *hdrhistogram.Histogram) string {
	tb.Helper()
	if h.TotalCount() == 0 {
		return ""
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// rendered is the page of a run.
func rendered(tb testing.TB, r *record.Result) string {
	tb.Helper()
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
