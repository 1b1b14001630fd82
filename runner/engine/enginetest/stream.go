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

// streamPlan is users -> api -> events, a stream whose subscribers are api again (by way of its edge back) and the database.
func streamPlan(t *testing.T) *topology.Plan {
	t.Helper()
	backoff := &scenarios.Retry{Attempts: 1, Backoff: 20 * time.Millisecond, Most: 20 * time.Millisecond}
	s := &scenarios.Scenario{
		Name: "stream",
		Nodes: []*scenarios.Node{
			{Name: "api", Kind: scenarios.KindService, Policy: scenarios.Policy{Timeout: 2 * time.Second}, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /events/{id}", Steps: []scenarios.Step{{Write: "events"}}},
				{Match: "POST /seen/{id}", Steps: []scenarios.Step{{Write: "db", Idempotent: true}}},
			}}},
			{Name: "events", Kind: scenarios.KindStream, Policy: scenarios.Policy{Timeout: time.Second, Retry: backoff}, Stream: scenarios.Stream{
				Partitions: 2, Subscribers: []*scenarios.Subscriber{
					{Name: "first", To: &scenarios.Call{Node: "api", Method: http.MethodPost, Path: "/seen/{key}"}},
					{Name: "second", To: &scenarios.Call{Node: "other", Method: http.MethodPost, Path: "/seen/{key}"}},
				},
			}},
			{Name: "other", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: "POST /seen/{id}", Steps: []scenarios.Step{{Write: "db", Idempotent: true}}}}}},
			{Name: "db", Kind: scenarios.KindDatabase},
		},
		Loads:  []*scenarios.Load{{Name: "users", To: "api", Rate: 10, Requests: []scenarios.Request{{Send: "POST /events/1"}}}},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Minute}},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testStream publishes while a subscriber is cut off and while the stream is killed: every acknowledged message reaches
// both subscribers in the end, and the one that is well does not wait for the other.
func testStream(t *testing.T, e runner.Engine) {
	p := streamPlan(t)
	if err := e.Check(p); err != nil {
		t.Fatalf("Check: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	s, err := e.Launch(ctx, runner.Launch{Plan: p, Run: runID(t, "stream"), Dir: t.TempDir(), Progress: func(string) {}})
	w := launched(t, s, p, err)
	published := 0
	publish := func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
		defer cancel()
		a := w.ask(ctx, "users:api-1", http.MethodPost, fmt.Sprintf("/events/%d", published))
		if a.err != nil || a.status/100 != 2 {
			return false
		}
		published++
		return true
	}
	mustPublish := func() {
		t.Helper()
		if !publish() {
			t.Fatal("publish failed")
		}
	}
	const lag = `squall_lag_messages{subscriber="second"}`
	mend := w.inject(faults.Primitive{Op: faults.OpOutage, Edge: "events-1:other-1", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}})
	for range 5 {
		mustPublish()
	}
	w.eventually("the well subscriber has all", func() bool { return len(w.writes("db-1")) == 5 })
	if got := w.counted("events-1").Counters[lag]; got != 5 {
		t.Errorf("%s is %g under an outage, want 5", lag, got)
	}
	undo := w.inject(faults.Primitive{Op: faults.OpKill, Instance: "events-1"})
	undo()
	w.eventually("publishing after the restart", publish)
	mend()
	w.eventually("both subscribers have all", func() bool { return len(w.writes("db-1")) == 2*published })
	for id, n := range w.writes("db-1") {
		if n != 1 {
			t.Errorf("the effect %q is there %d times", id, n)
		}
	}
	w.eventually("no lag", func() bool { return w.observe().Nodes["events-1"].Counters[lag] == 0 })
}
