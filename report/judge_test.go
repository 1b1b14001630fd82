package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// healthy is a run of 1000 requests in one phase with one fault: nothing wrong with it.
func healthy() *record.Result {
	return &record.Result{
		Scenario: "shop", Engine: "process", Seed: 1, Run: "r1", DurationS: 30,
		Phases: []record.Phase{
			{Name: "steady", StartS: 0, EndS: 10, Requests: []record.Request{
				{Load: "users", Request: "GET /a", Sent: 1000, OK: 1000, Rate: 100, Goodput: 100, LatencyMs: record.Latency{P50: 5, P99: 20, Max: 31}},
			}},
			{Name: "slow", StartS: 10, EndS: 20, Requests: []record.Request{
				{Load: "users", Request: "GET /a", Sent: 1000, OK: 900, Degraded: 90, Failed: 10, Rate: 100, Goodput: 99,
					LatencyMs: record.Latency{P50: 5, P99: 812, Max: 1200},
					AnswerMs:  &record.Latency{Count: 990, P50: 5, P99: 812, Max: 1200}, Errors: map[string]int64{"timeout": 10}},
			}, Edges: []record.Edge{{Name: "a-1:b-1", From: "a", To: "b", FromInst: "a-1", ToInst: "b-1", Attempts: 1400, Amplification: 2.2}}},
		},
		Faults: []record.Fault{{
			Name: "lag", Kind: "latency", Text: "latency 800ms", On: "a -> b", Phase: "slow", ScheduledS: 10, ScheduledUndoS: 20,
			AppliedS: ref(10.0), UndoneS: ref(20.0), DetectedAfterS: ref(1.0), RecoveredAfterS: ref(2.0),
			Receipt: record.Receipt{Met: true, Requests: 700, DelayMs: 801},
		}},
		Edges:  []record.Edge{{Name: "a-1:b-1", From: "a", To: "b", FromInst: "a-1", ToInst: "b-1", Attempts: 2000, Amplification: 1.6}},
		Checks: []record.Check{{Name: "generator", Text: "late by 1 ms at p99", OK: true}},
		Writes: record.Writes{Checked: true, Acknowledged: 10},
	}
}

func bound(m metric.Name, op string, v float64) []scenarios.Bound {
	return []scenarios.Bound{{Metric: m, Op: op, Value: v}}
}

// judged is what a line of expect comes to of a run that is well but for the change.
type judged struct {
	name     string
	change   func(*record.Result)
	expect   scenarios.Expectation
	verdict  record.Verdict
	measured string
	reason   string
}

func TestJudge(t *testing.T) {
	judge(t, []judged{
		{name: "a success that holds", expect: scenarios.Expectation{In: "slow", Bounds: bound(metric.Success, ">=", .98)},
			verdict: record.Pass, measured: "success 99%"},
		{name: "degraded answers are not ok", expect: scenarios.Expectation{In: "slow", Text: "ok >= 99%", Bounds: bound(metric.OK, ">=", .99)},
			verdict: record.Fail, measured: "ok 90%", reason: "ok of all requests was 90% in slow, expected >= 99% (while latency 800ms on a -> b)"},
		{name: "a latency over its bound", expect: scenarios.Expectation{In: "slow", Of: "GET /a", Bounds: bound(metric.P99, "<", .7)},
			verdict: record.Fail, measured: "p99 812 ms"},
		{name: "a load's name covers its requests", expect: scenarios.Expectation{In: "steady", Of: "users", Bounds: bound(metric.P99, "<", .7)},
			verdict: record.Pass, measured: "p99 20.0 ms"},
		{name: "goodput over all phases", expect: scenarios.Expectation{Bounds: bound(metric.Goodput, ">", 99)},
			verdict: record.Pass, measured: "goodput 99.5/s"},
		{name: "amplification of an edge", expect: scenarios.Expectation{Of: "a -> b", Bounds: bound(metric.Amplification, "<", 1.5)},
			verdict: record.Fail, measured: "amplification 1.60x"},
		{name: "amplification in one phase is that phase's", expect: scenarios.Expectation{In: "slow", Of: "a -> b", Bounds: bound(metric.Amplification, "<", 2)},
			verdict: record.Fail, measured: "amplification 2.20x"},
		{name: "amplification in a phase in which nothing crossed can't be told", expect: scenarios.Expectation{In: "steady", Of: "a -> b", Bounds: bound(metric.Amplification, "<", 2)},
			verdict: record.Inconclusive, measured: "unknown", reason: "nothing crossed a -> b"},
		{name: "an edge that nothing crossed can't be told", expect: scenarios.Expectation{Of: "a -> c", Bounds: bound(metric.Amplification, "<", 1.5)},
			verdict: record.Inconclusive, measured: "unknown", reason: "nothing crossed a -> c"},
		{name: "requests that were not due can't be told", expect: scenarios.Expectation{In: "slow", Of: "GET /b", Bounds: bound(metric.OK, ">", 0)},
			verdict: record.Inconclusive, measured: "unknown"},
		{name: "a recovery in time, by phase", expect: scenarios.Expectation{After: "slow", Recovered: 5 * time.Second},
			verdict: record.Pass, measured: "2.0 s"},
		{name: "a recovery too late, by fault", expect: scenarios.Expectation{After: "lag", Recovered: time.Second},
			verdict: record.Fail, measured: "2.0 s"},
		{name: "no recovery though watched for long enough", change: func(r *record.Result) { r.Faults[0].RecoveredAfterS = nil },
			expect: scenarios.Expectation{After: "lag", Recovered: 5 * time.Second}, verdict: record.Fail, measured: "not recovered within 10 s"},
		{name: "no recovery yet, the run was too short", change: func(r *record.Result) { r.Faults[0].RecoveredAfterS = nil },
			expect: scenarios.Expectation{After: "lag", Recovered: time.Minute, Text: "after lag"}, verdict: record.Inconclusive, measured: "not recovered within 10 s",
			reason: "after lag: the run ended before it could be told: not recovered within 10 s"},
		{name: "a latency that only the generator's lag takes over its bound can't be told", change: func(r *record.Result) { r.Generator.LagMs.P99 = 40 },
			expect: scenarios.Expectation{In: "slow", Bounds: bound(metric.P99, "<", .8)}, verdict: record.Inconclusive,
			measured: "p99 812 ms", reason: "lag"},
		{name: "a latency over its bound by more than the lag", change: func(r *record.Result) { r.Generator.LagMs.P99 = 40 },
			expect: scenarios.Expectation{In: "slow", Bounds: bound(metric.P99, "<", .7)}, verdict: record.Fail, measured: "p99 812 ms"},
		{name: "a latency within its bound is so with any lag", change: func(r *record.Result) { r.Generator.LagMs.P99 = 40 },
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.P99, "<", .021)}, verdict: record.Pass, measured: "p99 20.0 ms"},
		{name: "a recovery that could not be told", change: func(r *record.Result) { r.Faults[0].RecoveryUntold = "another fault was on" },
			expect: scenarios.Expectation{After: "lag", Recovered: 5 * time.Second, Text: "after lag"}, verdict: record.Inconclusive, measured: "another fault was on",
			reason: "after lag: recovery is unknown: another fault was on"},
		{name: "a fault that was never lifted", change: func(r *record.Result) { r.Faults[0].UndoneS, r.Faults[0].RecoveredAfterS = nil, nil },
			expect:  scenarios.Expectation{After: "lag", Recovered: 5 * time.Second, Text: "after lag"},
			verdict: record.Inconclusive, measured: "latency 800ms was never lifted", reason: "after lag: latency 800ms was never lifted"},
		{name: "no stale read of requests that all failed shows nothing",
			change: func(r *record.Result) {
				r.Phases[1].Requests[0] = record.Request{Load: "users", Request: "GET /a", Sent: 1000, Failed: 1000}
			},
			expect: scenarios.Expectation{In: "slow", Bounds: bound(metric.StaleReads, "<=", 0)}, verdict: record.Inconclusive,
			measured: "unknown", reason: "none of them read anything"},
		{name: "the rate of a phase all of whose requests another phase's fault cut", change: allCut,
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.Rate, ">=", 100)}, verdict: record.Pass, measured: "rate 100.0/s"},
		{name: "what became of requests that another phase's fault cut is no figure of theirs", change: allCut,
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.Success, ">=", .5)}, verdict: record.Inconclusive,
			measured: "unknown", reason: "a fault of another phase cut all 1000 requests that were due in it"},
		{name: "a share that its sample can't show", change: func(r *record.Result) { r.Phases[0].Requests[0].Sent, r.Phases[0].Requests[0].OK = 300, 300 },
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.Success, ">=", .999)}, verdict: record.Inconclusive,
			measured: "success 100%", reason: "success 100% of 300: with 95% confidence it may be as low as 99.00%, expected >= 99.90%"},
		{name: "less confidence is shown by less", change: func(r *record.Result) { r.Phases[0].Requests[0].Sent, r.Phases[0].Requests[0].OK = 300, 300 },
			expect:  scenarios.Expectation{In: "steady", Bounds: bound(metric.Success, ">=", .997), Confidence: .5},
			verdict: record.Pass, measured: "success 100%"},
		{name: "a percentile of too few is no number", change: func(r *record.Result) { few(t, r, 39, 0) },
			expect:  scenarios.Expectation{In: "steady", Bounds: bound(metric.P999, "<", .7)},
			verdict: record.Inconclusive, measured: "p999 unknown", reason: "p99.9 takes 500 answers, there were 39"},
		{name: "a percentile of too few, more of which are slow than chance allows", change: func(r *record.Result) { few(t, r, 39, 5) },
			expect:  scenarios.Expectation{In: "steady", Bounds: bound(metric.P99, "<", .7)},
			verdict: record.Fail, measured: "p99 unknown", reason: "p99 takes 50 answers, there were 39), with 5 above 700 ms"},
		{name: "one slow request of 60 is their p99", change: func(r *record.Result) { few(t, r, 60, 1) },
			expect:  scenarios.Expectation{In: "steady", Bounds: bound(metric.P99, "<", .7)},
			verdict: record.Fail, measured: "p99 900 ms"},
		{name: "refusals at once are no answers", change: func(r *record.Result) { refused(r) },
			expect:  scenarios.Expectation{In: "slow", Bounds: bound(metric.P99, "<", .1)},
			verdict: record.Inconclusive, measured: "unknown", reason: "no answer was timed in it"},
		{name: "refusals at once are so among all", change: func(r *record.Result) { refused(r) },
			expect:  scenarios.Expectation{In: "slow", LatencyOf: "all", Bounds: bound(metric.P99, "<", .1)},
			verdict: record.Pass, measured: "p99 0.10 ms"},
		{name: "refusals at once are so among the failed", change: func(r *record.Result) { refused(r) },
			expect:  scenarios.Expectation{In: "slow", LatencyOf: "failed", Bounds: bound(metric.P99, "<", .1)},
			verdict: record.Pass, measured: "p99 0.10 ms"},
		{name: "whole answers alone", change: func(r *record.Result) { r.Phases[1].Requests[0].OKMs = &record.Latency{Count: 900, P99: 600} },
			expect:  scenarios.Expectation{In: "slow", LatencyOf: "ok", Bounds: bound(metric.P99, "<", .7)},
			verdict: record.Pass, measured: "p99 600 ms"},
		{name: "a failed check beats a failed expectation", change: func(r *record.Result) { r.Checks[0].OK = false },
			expect: scenarios.Expectation{In: "slow", Bounds: bound(metric.P99, "<", .7)}, verdict: record.Inconclusive,
			measured: "p99 812 ms", reason: "generator: late by 1 ms at p99"},
		{name: "a fault that nothing met is never green", change: func(r *record.Result) { r.Faults[0].Receipt.Met = false },
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.OK, ">", .5)}, verdict: record.Inconclusive,
			measured: "ok 100%", reason: "hit nothing"},
		{name: "what is done once and had nothing to do is never green", change: flushedNothing,
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.OK, ">", .5)}, verdict: record.Inconclusive,
			measured: "ok 100%", reason: "did nothing: flushed no copy of edge-1"},
		{name: "a fault that was never applied is never green", change: func(r *record.Result) { r.Faults[0].AppliedS = nil },
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.OK, ">", .5)}, verdict: record.Inconclusive,
			measured: "ok 100%", reason: "never applied"},
		{name: "an interrupted run is never green", change: func(r *record.Result) { r.Partial = true },
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.OK, ">", .5)}, verdict: record.Inconclusive,
			measured: "ok 100%", reason: "interrupted"},
		{name: "a run that its abort_when has ended fails, whatever held until then", change: aborted,
			expect: scenarios.Expectation{In: "steady", Bounds: bound(metric.OK, ">", .5)}, verdict: record.Fail,
			measured: "ok 100%", reason: "the run was cut short: aborted: success 0.0%, where"},
		{name: "a judge that panics gives no pass", expect: scenarios.Expectation{In: "steady", Bounds: bound("p42", "<", 1)},
			verdict: record.Inconclusive, reason: "the judge failed"},
	})
}

// aborted ends a run as its abort_when says.
func aborted(r *record.Result) {
	r.Partial, r.PartialWhy = true, "aborted: success 0.0%, where abort_when says success < 50%"
	r.Trips = []record.Trip{{AtS: 5, Does: record.TripPauses}, {AtS: 9, Does: record.TripAborts}}
}

func judge(t *testing.T, tests []judged) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := healthy()
			if tt.change != nil {
				tt.change(r)
			}
			Judge(r, &scenarios.Scenario{Expect: []scenarios.Expectation{tt.expect}})
			if r.Verdict != tt.verdict {
				t.Errorf("verdict %s, want %s (reasons %q)", r.Verdict, tt.verdict, r.Reasons)
			}
			if len(r.Expectations) == 1 && r.Expectations[0].Measured != tt.measured {
				t.Errorf("measured %q, want %q", r.Expectations[0].Measured, tt.measured)
			}
			if all := strings.Join(r.Reasons, "\n"); !strings.Contains(all, tt.reason) {
				t.Errorf("reasons %q lack %q", all, tt.reason)
			}
			if len(r.Reasons) == 0 {
				t.Error("a verdict without a reason")
			}
		})
	}
}

// few makes the steady phase one of so many requests, some of which took 900 ms and the rest 1 ms.
func few(t *testing.T, r *record.Result, n, slow int64) {
	t.Helper()
	recorder := record.NewRecorder([]record.Span{{Name: "steady", End: 10 * time.Second}})
	for i := range n {
		s := record.Sample{Load: "users", Request: "GET /a", Outcome: record.OK, Done: time.Millisecond}
		if i < slow {
			s.Done = 900 * time.Millisecond
		}
		recorder.Add(s)
	}
	r.Phases[0].Requests, r.Windows = recorder.Phases()[0].Requests, recorder.Windows()
}

// allCut has the slow phase's fault cut all requests of the steady one.
func allCut(r *record.Result) {
	r.Phases[0].Requests[0] = record.Request{Load: "users", Request: "GET /a", Cut: 1000, Rate: 100}
}

// refused makes the slow phase one whose requests were all refused at once.
func refused(r *record.Result) {
	at := record.Latency{Count: 1000, P50: .1, P99: .1, Max: .1}
	r.Phases[1].Requests[0] = record.Request{Load: "users", Request: "GET /a", Sent: 1000, Failed: 1000, LatencyMs: at, FailedMs: &at}
}

func TestNoExpectationIsNoVerdict(t *testing.T) {
	r := healthy()
	Judge(r, &scenarios.Scenario{})
	if r.Verdict != record.Inconclusive {
		t.Errorf("verdict %s, want inconclusive", r.Verdict)
	}
}

// A percentile over several requests is that of all of them together, not a mean of percentiles:
// 990 answers of 10 ms and 10 of 1000 ms have their p99 at 10 ms and their p99.9 at 1000 ms.
func TestPercentilesOfSeveralRequestsAreMerged(t *testing.T) {
	r := healthy()
	r.Phases = []record.Phase{{Name: "steady", EndS: 10, Requests: []record.Request{
		{Load: "users", Request: "GET /fast", Sent: 990, OK: 990, LatencyMs: record.Latency{P99: 10}},
		{Load: "users", Request: "GET /slow", Sent: 10, OK: 10, LatencyMs: record.Latency{P99: 1000}},
	}}}
	r.Windows = []record.Window{window(t, "GET /fast", 990, 10*time.Millisecond), window(t, "GET /slow", 10, time.Second)}
	for metric, want := range map[metric.Name]float64{
		metric.P99: .010, metric.P999: 1, metric.Max: 1, metric.Mean: .0199,
	} {
		got, err := Measure(r, scenarios.Expectation{Of: "all"}, metric)
		if err != nil || got < want*.998 || got > want*1.002 {
			t.Errorf("%s of both is %v (%v), want %v", metric, got, err, want)
		}
	}
}

func window(t *testing.T, request string, n int64, each time.Duration) record.Window {
	t.Helper()
	h := record.NewHistogram()
	if err := h.RecordValues(each.Microseconds(), n); err != nil {
		t.Fatal(err)
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return record.Window{Phase: "steady", Load: "users", Request: request, Sent: n, OK: n, Histogram: string(encoded)}
}

func flushedNothing(r *record.Result) {
	did := []record.Deed{{Instance: "edge-1", What: "flushed", Count: ref(int64(0))}}
	r.Faults[0].Receipt = record.Receipt{Did: did, Text: "flushed no copy of edge-1"}
}

// An expectation says which of the phases that it is about somebody touched; a go that the plan waits for, and what restarts by itself, touch none.
func TestExpectationsSayWhatWasTouched(t *testing.T) {
	t.Parallel()
	off := 16.
	r := &record.Result{
		Phases: []record.Phase{{Name: "steady", EndS: 10}, {Name: "open", StartS: 10, EndS: 20}, {Name: "after", StartS: 20, EndS: 30}},
		Faults: []record.Fault{{Name: "late", Phase: "open"}},
		Actions: []record.Action{
			{AtS: 1, Who: record.ByItself, What: "restart", UndoneS: ref(2.)}, {AtS: 20, Who: record.ByHand, What: "go", Phase: "open", Planned: true},
			{AtS: 12, Who: record.ByHand, What: "latency 300ms", UndoneS: &off},
		},
	}
	zero := 0
	for _, c := range []struct {
		e    scenarios.Expectation
		want string
	}{
		{scenarios.Expectation{In: "steady"}, "[] m"},
		{scenarios.Expectation{In: "open"}, "[open] m (touched)"},
		{scenarios.Expectation{}, "[open] m (touched: open)"},
		{scenarios.Expectation{After: "open", Recovered: time.Second}, "[open] m (touched: open)"},
		{scenarios.Expectation{After: "late", Recovered: time.Second}, "[open] m (touched: open)"},
		{scenarios.Expectation{After: "after", Recovered: time.Second}, "[] m"},
		{scenarios.Expectation{In: "left out"}, "[] m"},
		{scenarios.Expectation{WritesLost: &zero}, "[open] m (touched: open)"},
	} {
		out, _ := judgeOne(r, c.e)
		out.Measured, out.Why = "m", ""
		if got := fmt.Sprint(out.Touched, " ", words.Measured(out)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.e, got, c.want)
		}
	}
}
