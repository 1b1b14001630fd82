package process_test

import (
	"context"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// A whole run with faults of known size: what the record says must be what was put on.
func TestRunMeasuresWhatWasPutOn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 13 s; not with -short")
	}
	t.Parallel()
	s := enginetest.Plan(t).Scenario
	s.Nodes[0].Replicas = 1
	s.Nodes[0].Retry = &scenarios.Retry{Attempts: 3, Backoff: 20 * time.Millisecond}
	s.Loads[0].Rate, s.Loads[0].Timeout = 50, 2*time.Second
	s.WarmUp = new(time.Second)
	const promised = 200 * time.Millisecond
	s.Phases = []*scenarios.Phase{
		{Name: "steady", For: 4 * time.Second},
		{Name: "slow", For: 3 * time.Second, Faults: []faults.Fault{{
			Kind: faults.Latency{Delay: promised},
			On:   faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: "users"}, To: faults.Selector{Name: "api"}}},
		}}},
		{Name: "dead", For: 2 * time.Second, Faults: []faults.Fault{{Kind: faults.Crash{}, On: faults.Selector{Name: "db"}, For: time.Second}}},
		{Name: "recovery", For: 3 * time.Second},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background(), runner.Options{
		Plan: p, Engine: newEngine(t), Loader: load.New(load.Options{}), Run: "measures", Dir: t.TempDir(),
		ReadWrites: func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadBack(ctx, dial, i.Node)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Checks {
		t.Logf("%v %s: %s", c.OK, c.Name, c.Text)
	}
	checkLatency(t, res, promised)
	checkCrash(t, res)
	checkPhaseEdges(t, res)
	if len(res.Phases) != 4 || res.Partial {
		t.Errorf("%d phases, partial %v", len(res.Phases), res.Partial)
	}
	for _, e := range res.Edges {
		// A request at zero may be counted by one of them as the warm-up's.
		if off := e.Attempts - e.Requests; e.From == "users" && (off < -2 || off > 2) {
			t.Errorf("the load sent %d requests, the mesh saw %d", e.Attempts, e.Requests)
		}
	}
	if w := res.Writes; !w.Checked || w.Lost != 0 || w.Acknowledged < 100 {
		t.Errorf("writes: %+v", w)
	}
}

// checkPhaseEdges adds the phases' edges up to the run's, which has besides what came after the last phase of what was under way as it
// ended: on a slow machine what came in the 100 ms that its generator may be late.
func checkPhaseEdges(t *testing.T, res *record.Result) {
	t.Helper()
	sum := map[string]int64{}
	for _, p := range res.Phases {
		if len(p.Edges) == 0 {
			t.Errorf("phase %s has no edges", p.Name)
		}
		for _, e := range p.Edges {
			sum[e.Name] += e.Attempts
		}
	}
	for _, e := range res.Edges {
		const underWay = 50 / 10
		if after := e.Attempts - sum[e.Name]; after < 0 || after > underWay || after > 0 && e.From == "users" {
			t.Errorf("edge %s has %d attempts, its phases %d", e.Name, e.Attempts, sum[e.Name])
		}
	}
}

// checkLatency holds the latency fault's effect, as users felt it, against its size.
func checkLatency(t *testing.T, res *record.Result, promised time.Duration) {
	t.Helper()
	p50 := func(phase int) float64 {
		worst := 0.0
		for _, q := range res.Phases[phase].Requests {
			worst = math.Max(worst, q.LatencyMs.P50)
		}
		return worst
	}
	// The mesh times what the users time but for their own end: each answer, on the edge that the latency is on. A percentile of
	// all kinds of request is between theirs.
	for phase, kind := range []string{"steady", "slow"} {
		p := res.Phases[phase]
		e := p.Edges[slices.IndexFunc(p.Edges, func(e record.Edge) bool { return e.From == "users" })]
		if e.AnswerMs == nil {
			t.Fatalf("%s: no time of answers over %s", kind, e.Name)
		}
		for name, of := range map[string]func(record.Latency) float64{
			"p50": func(l record.Latency) float64 { return l.P50 }, "p90": func(l record.Latency) float64 { return l.P90 },
			"p99": func(l record.Latency) float64 { return l.P99 },
		} {
			got, least, most := of(*e.AnswerMs), math.Inf(1), 0.0
			for _, q := range p.Requests {
				least, most = min(least, of(q.ServiceMs)), max(most, of(q.ServiceMs))
			}
			t.Logf("%s: %s is %.1f ms over the edge, %.1f to %.1f ms for the users", kind, name, got, least, most)
			if got < .99*least-30 || got > 1.01*most+2 {
				t.Errorf("%s: %s is %.1f ms over the edge, but %.1f to %.1f ms for the users", kind, name, got, least, most)
			}
		}
	}
	f := res.Faults[0]
	if added := p50(1) - p50(0); added < record.Milliseconds(promised)-10 || added > record.Milliseconds(promised)+100 {
		t.Errorf("a latency of %s added %.1f ms to the median", promised, added)
	}
	if f.AppliedS == nil || f.UndoneS == nil || *f.AppliedS < 4 || *f.AppliedS > 5 || *f.UndoneS < 7 || *f.UndoneS > 8 {
		t.Errorf("fault: %+v", f)
	}
	calm := 0.0 // what a busy machine made of the steady phase: where that was as bad as the fault, nobody can tell when it was felt
	for _, q := range res.Phases[0].Requests {
		calm = max(calm, q.LatencyMs.P99)
	}
	felt := f.DetectedAfterS != nil || calm > record.Milliseconds(promised)
	// What was on its way when the fault was lifted went on at once: the promise is about what was held for its whole time.
	if !f.Receipt.Met || f.Receipt.FullDelayMs < 199 || f.Receipt.FullDelayMs > 300 || !felt {
		t.Errorf("receipt %+v, detected %v", f.Receipt, f.DetectedAfterS)
	}
}

// checkCrash holds the kill of the database against what its caller counted and its users felt.
func checkCrash(t *testing.T, res *record.Result) {
	t.Helper()
	f := res.Faults[1]
	if f.Error != "" || !f.Receipt.Met || f.UndoneS == nil || *f.UndoneS-*f.AppliedS < 0.9 {
		t.Errorf("crash: %+v", f)
	}
	var failed int64
	for _, q := range res.Phases[2].Requests {
		if q.Request == "POST /orders/{id}" {
			failed = q.Failed
		}
	}
	var calls record.Edge
	for _, e := range res.Edges {
		if e.From == "api" && e.To == "db" {
			calls = e
		}
	}
	if failed == 0 || calls.Retries == 0 || calls.Failures == 0 || calls.Amplification <= 1 {
		t.Errorf("%d writes failed while the database was dead; its caller counted %+v", failed, calls)
	}
	for _, n := range res.Nodes {
		if want := map[string]int{"db-1": 1}[n.Instance]; n.Restarts != want {
			t.Errorf("%s: %d restarts, want %d", n.Instance, n.Restarts, want)
		}
	}
}
