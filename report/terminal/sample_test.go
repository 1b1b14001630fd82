package terminal

import "github.com/squallhq/squall/runner/record"

// shop is a made-up run with something of everything that a report shows: a fault that hung for ten of thirty seconds, users who
// lost by it, replicas, a queue that grew, a cache, a breaker, and faults of few and of many words.
func shop() *record.Result {
	no := false
	r := &record.Result{
		Version: record.Version, Scenario: "shop", About: "Payments hang for ten seconds.\nShoppers should be able to look around.", Variant: "bare", Engine: "virtual", Seed: 7,
		Run: "20261129-080000-ab12", Verdict: record.Fail, DurationS: 30,
		Reasons: []string{"success of POST /orders/{id} was 32.2% in hang, expected >= 97% (while payments down on shop -> payments)"},
		Expectations: []record.Expectation{
			{Text: "in: steady, success >= 99.5%", Measured: "success 100%", Holds: ref(true)},
			{Text: "in: hang, of: POST /orders/{id}, success >= 97%, p99 < 800ms", Measured: "success 32.2%, p99 2.98 s", Holds: &no},
			{Text: "in: after, p99.9 < 1s", Measured: "p99.9 unknown", Why: "p99.9 takes 500 answers, there were 333"},
		},
		Phases: []record.Phase{
			{Name: "steady", StartS: 0, EndS: 10, Requests: []record.Request{
				answered("GET /catalog/{item}", 600, 600, 0, 0, 5), answered("POST /orders/{id}", 400, 400, 0, 0, 10)}},
			{Name: "hang", StartS: 10, EndS: 20, Requests: []record.Request{
				answered("GET /catalog/{item}", 601, 601, 0, 0, 2550), answered("POST /orders/{id}", 743, 159, 80, 504, 1580)}},
			{Name: "after", StartS: 20, EndS: 30, Requests: []record.Request{
				answered("GET /catalog/{item}", 333, 333, 0, 0, 5), answered("POST /orders/{id}", 39, 38, 0, 1, 10)}},
		},
		Faults: []record.Fault{{Name: "payments down", Kind: "black_hole", Text: "black hole", On: "shop -> payments", Phase: "hang", Edges: []string{"shop-1:payments-1"},
			AppliedS: ref(10.0), UndoneS: ref(20.0), DetectedAfterS: ref(0.0), RecoveredAfterS: ref(1.0),
			Receipt: record.Receipt{Met: true, Coverage: ref(0.42), Text: "5 connections, 5 requests, 3210 SYNs dropped, 5 reset, 1160 bytes lost"}}},
		Findings: []record.Finding{
			{Kind: "unrelated requests taken down", Where: "shop -> payments", When: record.Stretch{Phase: "hang", FromS: 10, ToS: 20}, Lost: 1105,
				Who: []string{"users: GET /catalog/{item}", "users: POST /orders/{id}"}, Evidence: []string{"requests of shop wait 1.97 s for a worker", "96.7% of 603 attempts at payments were not answered well"},
				Because: "each request that waits for payments keeps a worker that others need",
				Try: []record.Remedy{{Pattern: "bulkhead", About: "A bulkhead keeps one dependency that hangs from taking the workers of everything else.", Example: "examples/patterns/bulkhead.yaml"},
					{Pattern: "circuit-breaker", About: "It opens."}}},
			{Kind: "queue that grows", Where: "shop", When: record.Stretch{Phase: "hang", FromS: 10, ToS: 20}, Lost: 1105,
				Who: []string{"users: GET /catalog/{item}", "users: POST /orders/{id}"}, Evidence: []string{"273 stand in line"}, Because: "it is asked for more than it can do"},
		},
		Edges: []record.Edge{
			{Name: "users:shop-1", From: "users", To: "shop", FromInst: "users", ToInst: "shop-1", Attempts: 1300, Requests: 1300, Connections: 30, FirstByteMs: 40},
			{Name: "users:shop-2", From: "users", To: "shop", FromInst: "users", ToInst: "shop-2", Attempts: 1300, Requests: 1300, Connections: 30, FirstByteMs: 50},
			{Name: "shop-1:payments-1", From: "shop", To: "payments", FromInst: "shop-1", ToInst: "payments-1", Attempts: 700, OK: 250, Failures: 40, GaveUp: 400, InFlight: 10,
				Retries: 12, Amplification: 1.02, Requests: 690, FirstByteMs: 10, Connections: 600},
			{Name: "shop-2:payments-1", From: "shop", To: "payments", FromInst: "shop-2", ToInst: "payments-1", Attempts: 700, OK: 700, Amplification: 1.02, Requests: 700, FirstByteMs: 12},
			{Name: "jobs-1:mail-1", From: "jobs", To: "mail", FromInst: "jobs-1", ToInst: "mail-1", Attempts: 80, OK: 80, Delivery: &record.Delivery{Delivered: 80, Fresh: 60, Dead: 2, Backlog: 40, LagS: 4.2}},
			{Name: "jobs-2:mail-1", From: "jobs", To: "mail", FromInst: "jobs-2", ToInst: "mail-1", Attempts: 20, OK: 20, Delivery: &record.Delivery{Delivered: 20, Fresh: 20}},
		},
		Nodes: []record.Node{
			{Name: "edge", Instance: "edge-1", Counters: map[string]float64{"squall_cache_hits_total": 800, "squall_cache_misses_total": 200, "squall_cache_stale_total": 7}},
			{Name: "shop", Instance: "shop-1", Counters: map[string]float64{"squall_breaker_open_total": 3, "squall_breaker_rejected_total": 1234}},
			{Name: "shop", Instance: "shop-2", Counters: map[string]float64{}},
		},
		Generator: record.Generator{IntendedRate: 100, AchievedRate: 99.98, LagMs: record.Lag{P99: .41, Max: 3.2}, MaxInFlight: 88},
		Checks:    []record.Check{{Name: "generator", Text: "late by 1 ms at p99", OK: true}, {Name: "flow", Text: "one request is nowhere"}},
		Writes:    record.Writes{Checked: true, Acknowledged: 10},
	}
	for i, alone := range []*record.Latency{took(1200, 90), took(1200, 4960), took(49, 61), took(700, 30)} {
		r.Edges[i].AnswerMs = alone
		r.Edges[i].PairAnswerMs = [...]*record.Latency{took(2400, 4900), took(2400, 4900), took(749, 44), took(749, 44)}[i]
	}
	r.Phases[1].Edges = []record.Edge{{From: "jobs", To: "mail", FromInst: "jobs-1", ToInst: "mail-1", Delivery: &record.Delivery{Backlog: 90}}}
	r.Phases[0].Nodes = []record.PhaseNode{{Instance: "edge-1", Counters: map[string]float64{"squall_cache_hits_total": 500, "squall_cache_misses_total": 10}}}
	r.Phases[1].Nodes = []record.PhaseNode{{Instance: "edge-1", Counters: map[string]float64{"squall_cache_hits_total": 100, "squall_cache_misses_total": 190}}}
	for second := range 30 {
		m := record.Moment{AtS: float64(second), Nodes: map[string]map[string]float64{}}
		w := record.Window{Second: second, Phase: r.Phases[second/10].Name, Load: "users", Request: "POST /orders/{id}", Sent: 40, OK: 40, P90: ref(11.0)}
		if second >= 10 && second < 20 {
			w.OK, w.Failed, w.P90 = 12, 28, ref(2900.0)
		}
		if second >= 11 && second < 19 {
			m.Nodes["shop-1"] = map[string]float64{"squall_breakers_open": 1}
		}
		r.Windows, r.Series = append(r.Windows, w), append(r.Series, m)
	}
	return r
}

// took is how long the answers over an edge took, with a p99 in ms.
func took(n int64, p99 float64) *record.Latency {
	return &record.Latency{Count: n, P50: p99 / 2, P99: p99}
}

// answered is a request so many of which were sent, ok, degraded and failed, with a median in ms.
func answered(name string, sent, ok, degraded, failed int64, p50 float64) record.Request {
	q := record.Request{Load: "users", Request: name, Sent: sent, OK: ok, Degraded: degraded, Failed: failed, Goodput: float64(ok+degraded) / 10}
	if n := ok + degraded; n > 0 {
		q.AnswerMs = &record.Latency{Count: n, P50: p50, P90: 1.5 * p50, P95: 1.6 * p50, P99: 1.9 * p50, P999: 1.95 * p50, Max: 2 * p50}
	}
	if failed > 0 {
		q.FailedMs = &record.Latency{Count: failed, P50: 3000, P99: 3000}
		q.Errors = map[string]int64{"timeout": failed - failed/10}
		if failed/10 > 0 {
			q.Errors["503"] = failed / 10
		}
	}
	return q
}
