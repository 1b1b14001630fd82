package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// A caller that could not be told in time that a callee is back is told until it takes it, and what it was told last is what is so: else it would
// leave that callee out for the rest of the run.
func TestACallerIsToldUntilItTakesIt(t *testing.T) {
	var asked atomic.Int64
	knows := make(chan string, 8)
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 2 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		knows <- r.Method
	}))
	defer admin.Close()
	lifetime, end := context.WithCancel(t.Context())
	s := &system{lifetime: lifetime, end: end, withdrawn: map[string]bool{}, byName: map[string]*instance{}}
	s.plan = &topology.Plan{Edges: []topology.Edge{{From: "shop-1", To: "stock-1"}}}
	caller := &instance{
		system: s, process: slowly{}, notices: make(oneByOne, 1), heard: map[string]bool{}, client: admin.Client(),
		plan:      topology.Instance{Name: "shop-1", Node: &scenarios.Node{Name: "shop", Kind: scenarios.KindService}},
		addresses: wire.Addresses{Admin: strings.TrimPrefix(admin.URL, "http://")},
	}
	callee := &instance{system: s, plan: topology.Instance{Name: "stock-1"}}
	s.byName["shop-1"] = caller

	if err := s.withdraw(t.Context(), callee); err != nil {
		t.Fatal(err)
	}
	if got := <-knows; got != http.MethodPut {
		t.Errorf("told by %s that its callee is withdrawn", got)
	}
	asked.Store(0) // it is busy again
	s.readmit(t.Context(), callee)
	select {
	case got := <-knows:
		if got != http.MethodDelete {
			t.Errorf("told by %s that its callee is back", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("it was not told that its callee is back")
	}
	s.watches.Wait() // until it is told
	end()
	caller.mu.Lock()
	defer caller.mu.Unlock()
	if caller.heard["stock-1"] || asked.Load() != 3 {
		t.Errorf("asked %d times, it has heard that its callee is withdrawn: %v", asked.Load(), caller.heard["stock-1"])
	}
}
