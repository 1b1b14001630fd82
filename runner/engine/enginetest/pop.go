package enginetest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// popPlan is users -> shop -> jobs, a queue that worker pops from and writes what it got to a database.
func popPlan(t *testing.T) *topology.Plan {
	t.Helper()
	pop := scenarios.Step{Pop: scenarios.Pop{Pop: "jobs", Wait: 100 * time.Millisecond}, Policy: scenarios.Policy{Timeout: 5 * time.Second}}
	s := &scenarios.Scenario{
		Name: "pop",
		Nodes: []*scenarios.Node{
			{Name: "shop", Kind: scenarios.KindService, Policy: scenarios.Policy{Timeout: 2 * time.Second}, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /jobs/{job}", Steps: []scenarios.Step{{Write: "jobs"}}},
			}}},
			{Name: "worker", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /work", Steps: []scenarios.Step{pop, {Write: "db", Idempotent: true, Policy: scenarios.Policy{Timeout: time.Second}}}},
				{Match: "POST /hang", Steps: []scenarios.Step{pop, {Work: &scenarios.Work{Mean: time.Minute}}}},
			}}},
			{Name: "jobs", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{AckWithin: 3 * time.Second}},
			{Name: "db", Kind: scenarios.KindDatabase},
		},
		Loads: []*scenarios.Load{
			{Name: "users", To: "shop", Rate: 10, Requests: []scenarios.Request{{Send: "POST /jobs/1"}}},
			{Name: "crew", To: "worker", Rate: 10, Requests: []scenarios.Request{{Send: "POST /work"}}},
		},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Minute}},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testPop takes messages while the database is cut off, and kills who has one and the queue: every acknowledged message is worked on in the
// end, and its work is there once.
func testPop(t *testing.T, e runner.Engine) {
	p := popPlan(t)
	if err := e.Check(p); err != nil {
		t.Fatalf("Check: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	s, err := e.Launch(ctx, runner.Launch{Plan: p, Run: runID(t, "pop"), Dir: t.TempDir(), Progress: func(string) {}})
	w := launched(t, s, p, err)
	post := func(edge, path string) int {
		ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
		defer cancel()
		return w.ask(ctx, edge, http.MethodPost, path).status
	}
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s is answered %d, want %d", what, got, want)
		}
	}
	want("an empty queue", post("crew:worker-1", "/work"), http.StatusNoContent)
	for n := range 3 {
		want("a message", post("users:shop-1", fmt.Sprint("/jobs/", n)), http.StatusOK)
	}
	undo := w.inject(faults.Primitive{Op: faults.OpOutage, Edge: "worker-1:db-1", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}})
	want("work without a database", post("crew:worker-1", "/work"), http.StatusBadGateway)
	undo()
	want("the first message, which comes again", post("crew:worker-1", "/work"), http.StatusOK)

	hung := make(chan int, 1)
	go func() { hung <- post("crew:worker-1", "/hang") }()
	popped := func() float64 {
		seen, err := s.Observe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return seen.Nodes["worker-1"].Counters["squall_popped_total"]
	}
	for deadline := time.Now().Add(patience); popped() < 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the worker does not take a second message")
		}
	}
	w.inject(faults.Primitive{Op: faults.OpKill, Instance: "worker-1"})()
	want("who was killed", <-hung, 0)
	w.inject(faults.Primitive{Op: faults.OpKill, Instance: "jobs-1"})()
	done := 1
	for deadline := time.Now().Add(patience); done < 3; {
		if post("crew:worker-1", "/work") == http.StatusOK {
			done++
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages were worked on after a minute, want 3", done)
		}
	}
	want("a queue whose messages are all acknowledged", post("crew:worker-1", "/work"), http.StatusNoContent)
	rows := w.writes("db-1")
	for id, n := range rows {
		if n != 1 {
			t.Errorf("the work of %s is there %d times", id, n)
		}
	}
	if len(rows) != 3 {
		t.Errorf("the work of %d messages is there, want 3: %v", len(rows), rows)
	}
}
