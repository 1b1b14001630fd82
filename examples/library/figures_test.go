package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// run is a record with a fault phase of two requests, a retried edge, and two faults, one of which the system did not get over.
func run() *record.Result {
	recovered, undone, late := 2.5, 20., 24.
	return &record.Result{
		DurationS: 30,
		Phases: []record.Phase{
			{Name: "steady", StartS: 0, EndS: 10, Requests: []record.Request{{Load: "users", Request: "GET /", Sent: 100, OK: 100, LatencyMs: record.Latency{P99: 5}}}},
			{Name: "slow", StartS: 10, EndS: 20, Requests: []record.Request{
				{Load: "users", Request: "GET /", Sent: 100, OK: 60, Degraded: 30, Failed: 10, AnswerMs: &record.Latency{Count: 90, P90: 120, P99: 900}},
				{Load: "users", Request: "POST /", Sent: 100, Failed: 100, LatencyMs: record.Latency{P99: 1000}},
			}, Edges: []record.Edge{{From: "api", To: "stock", Attempts: 50, Amplification: 2.5}, {From: "users", To: "api", Attempts: 200, Amplification: 9}}},
		},
		Edges: []record.Edge{{From: "api", To: "stock", Attempts: 150, Amplification: 1.5}, {From: "api", To: "idle"}},
		Nodes: []record.Node{{Name: "api"}, {Name: "stock"}},
		Faults: []record.Fault{
			{Name: "latency", Phase: "slow", UndoneS: &undone, RecoveredAfterS: &recovered},
			{Name: "crash", Phase: "slow", UndoneS: &late},
		},
	}
}

func ref[T any](v T) *T { return &v }

func TestFiguresAreOfThePhaseAndRequest(t *testing.T) {
	for name, test := range map[string]struct {
		about scenarios.Expectation
		want  figures
	}{
		"bounds": {
			scenarios.Expectation{In: "slow", Of: "GET /", Bounds: []scenarios.Bound{{Metric: "success", Op: ">=", Value: .99}, {Metric: "p90", Op: "<", Value: .1}}},
			figures{
				Availability: ref(.9), P99Ms: ref(900.), Amplification: map[string]float64{"api -> stock": 2.5},
				Recovery: &recovery{NotWithinS: 6}, Decided: map[metric.Name]float64{"p90": .12},
			},
		},
		"an edge": {
			scenarios.Expectation{Of: "api -> stock", Bounds: []scenarios.Bound{{Metric: "amplification", Op: "<", Value: 1.2}}, In: "slow"},
			figures{ // no p99: the record has no windows to merge two requests from
				Availability: ref(.45), Amplification: map[string]float64{"api -> stock": 2.5},
				Recovery: &recovery{NotWithinS: 6}, Decided: map[metric.Name]float64{"amplification": 2.5},
			},
		},
		"recovery": {
			scenarios.Expectation{After: "latency", Of: "GET /"},
			figures{
				Availability: ref(.9), P99Ms: ref(900.), Amplification: map[string]float64{"api -> stock": 2.5},
				Recovery: &recovery{AfterS: 2.5}, Decided: map[metric.Name]float64{},
			},
		},
		"nothing was answered": { // so there is no time to tell, and that is not zero
			scenarios.Expectation{In: "slow", Of: "POST /", Bounds: []scenarios.Bound{{Metric: "p90", Op: "<", Value: .1}}},
			figures{
				Availability: ref(0.), Amplification: map[string]float64{"api -> stock": 2.5},
				Recovery: &recovery{NotWithinS: 6}, Decided: map[metric.Name]float64{},
			},
		},
		"writes": {
			scenarios.Expectation{Of: "GET /", In: "steady", WritesLost: ref(0)},
			figures{
				Availability: ref(1.), P99Ms: ref(5.), Amplification: map[string]float64{}, Recovery: &recovery{NotWithinS: 6},
				Decided: map[metric.Name]float64{}, Lost: ref(int64(0)),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := figuresOf(run(), test.about)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestBought(t *testing.T) {
	about := scenarios.Expectation{In: "slow", Bounds: []scenarios.Bound{{Metric: "success", Op: ">=", Value: .9}, {Metric: "p90", Op: "<", Value: .1}}}
	without := &figures{
		Availability: ref(.95), P99Ms: ref(900.), Amplification: map[string]float64{"a -> b": 2.5, "b -> c": 1},
		Recovery: &recovery{NotWithinS: 6}, Decided: map[metric.Name]float64{"p90": .12},
	}
	with := &figures{
		Availability: ref(.95), P99Ms: ref(30.), Amplification: map[string]float64{"a -> b": 1},
		Recovery: &recovery{AfterS: 2}, Decided: map[metric.Name]float64{"p90": .02},
	}
	want := []string{"**p90 120 ms → 20.0 ms**", "availability 95%, p99 900 ms → 30.0 ms, amplification of a to b 2.50x → 1.00x, recovery not within 6.0 s → in 2.0 s"}
	if diff := cmp.Diff(want, bought(without, with, about)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOdd(t *testing.T) {
	e := &example{exits: map[string]report.Exit{"": 0, without: 1}}
	no, yes := false, true
	judged := func(verdict record.Verdict, holds *bool) *record.Result {
		return &record.Result{Verdict: verdict, Reasons: []string{"because"}, Expectations: []record.Expectation{{Text: "x", Measured: "m", Holds: holds}}}
	}
	for name, test := range map[string]struct {
		variant string
		r       *record.Result
		want    string
	}{
		"passes with it":             {"", judged(record.Pass, &yes), ""},
		"fails with it":              {"", judged(record.Fail, &no), "fail: because"},
		"untold with it":             {"", judged(record.Inconclusive, nil), "inconclusive: because"},
		"fails without":              {without, judged(record.Fail, &no), ""},
		"passes without":             {without, judged(record.Pass, &yes), "pass: because"},
		"fails by another than that": {without, judged(record.Fail, &yes), `failed by another expectation than "x", which came to m`},
	} {
		if got := odd(test.r, test.variant, 0, e); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
