package node_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A database that works on one statement at a time lets everybody wait for a report; one with two does not.
func TestReportsHoldUpReads(t *testing.T) {
	for _, test := range []struct {
		name    string
		workers int
		took    time.Duration
		waited  float64
	}{{"one", 1, 2*time.Second + 5*ms + 5*ms - ms, 2.004}, {"two", 2, 5 * ms, 0}, {"no bound", 0, 5 * ms, 0}} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Workers: test.workers, Database: scenarios.Database{ReadTime: &scenarios.Work{Mean: 5 * ms}}})
				n := service("s", "GET /rows/{id}", scenarios.Step{Read: "db"})
				n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "GET /report", Steps: []scenarios.Step{{Read: "db", Cost: &scenarios.Work{Mean: 2 * time.Second}}}})
				w.start(n, "db=database")
				report := make(chan answer, 1)
				go func() { report <- w.ask("GET", "s:80/report") }()
				time.Sleep(ms)
				if got := w.ask("GET", "s:80/rows/1"); got.status != 200 || got.took != test.took {
					t.Errorf("got %s, want 200 after %s", got, test.took)
				}
				if got := <-report; got.status != 200 || got.took != 2005*ms {
					t.Errorf("report: got %s, want 200 after 2.005s", got)
				}
				w.counters("db", map[string]float64{"squall_queue_seconds_total": test.waited, "squall_workers_busy": 0})
			})
		})
	}
}
