package enginetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// testCPULimits limits an instance's cores, twice at a time: the least counts, and each can be undone on its own. On an
// engine that can't, the plan is refused.
func testCPULimits(t *testing.T, w *world, e runner.Engine) {
	limit := func(cores float64) faults.Primitive {
		return faults.Primitive{Op: faults.OpCPU, Instance: api, CPUs: cores}
	}
	if !e.Has(runner.CPULimits) {
		wantRefused(t, e, limit(0.5), "limiting the CPU")
		return
	}
	w.inject(changeOf(api, computes)) // taken off with the test
	took := func() time.Duration {
		w.mustGet(toAPI, "/ping")
		var all []time.Duration
		for range 5 {
			all = append(all, w.mustGet(toAPI, "/compute").took)
		}
		slices.Sort(all)
		return all[2]
	}
	free := took()
	low := w.inject(limit(0.1))
	high := w.inject(limit(0.5))
	if got := took(); got < 200*time.Millisecond {
		t.Errorf("40 ms of computing took %s with a tenth of a core, and %s without a limit", got, free)
	}
	// A limit outlives a restart.
	restart := w.inject(faults.Primitive{Op: faults.OpKill, Instance: api})
	restart()
	w.eventually("a request after the restart", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
	limited := took()
	if limited < 200*time.Millisecond {
		t.Errorf("after a restart 40 ms of computing took %s with a tenth of a core", limited)
	}
	low()
	if got := took(); got > limited*3/4 {
		t.Errorf("without the lower of two limits it took %s, with it %s", got, limited)
	}
	high()
	if got := took(); got > limited*3/4 {
		t.Errorf("without limits it took %s, with one %s", got, limited)
	}
}

// testMemoryLimits wants a plan that limits the memory of an instance refused by an engine that can't.
func testMemoryLimits(t *testing.T, _ *world, e runner.Engine) {
	if !e.Has(runner.MemoryLimits) {
		wantRefused(t, e, faults.Primitive{Op: faults.OpMemory, Instance: api, Bytes: 64 << 20}, "limiting the memory")
	}
}

// testMachines wants a plan that takes a machine away refused by an engine that has but one.
func testMachines(t *testing.T, _ *world, e runner.Engine) {
	if !e.Has(runner.Machines) {
		wantRefused(t, e, faults.Primitive{Op: faults.OpMachineLoss, Instance: api}, "can't be lost without squall")
		wantRefused(t, e, faults.Primitive{Op: faults.OpMachineDrain, Instance: api}, "there is no other machine")
	}
}

// testImpossible wants a plan with a fault that nothing can carry out refused, with the reason.
func testImpossible(t *testing.T, _ *world, e runner.Engine) {
	for _, kind := range []faults.Kind{faults.SlowDisk{Rate: 1e6}, faults.ClockSkew{By: time.Minute}} {
		plan := Plan(t)
		plan.Faults = []topology.ResolvedFault{{Fault: faults.Fault{Kind: kind}, Phase: "only", Primitives: kind.Compile(faults.Targets{Instances: []string{api}})}}
		row, _ := faults.Lookup(kind.Kind())
		if err := e.Check(plan); row.Cannot == "" || err == nil || !strings.Contains(err.Error(), kind.String()) || !strings.Contains(err.Error(), row.Cannot) {
			t.Errorf("a plan with %s: %v", kind, err)
		}
	}
}

// wantRefused wants a plan with a primitive refused by Check, with words, and the primitive by Inject where a system runs.
func wantRefused(t *testing.T, e runner.Engine, p faults.Primitive, words string) {
	t.Helper()
	plan := Plan(t)
	plan.Faults = []topology.ResolvedFault{{Fault: faults.Fault{Kind: faults.Pause{}}, Phase: "only", Primitives: []faults.Primitive{p}}}
	if err := e.Check(plan); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("a plan with %s: %v, want an error that says %q", p, err, words)
	}
}

// testImages runs somebody else's image among built-in nodes, and acts on it. On an engine that can't, the plan is
// refused with what would stand in.
func testImages(t *testing.T, newEngine func(*testing.T) runner.Engine, image func(*testing.T) string) {
	e := newEngine(t)
	node := &scenarios.Node{Name: "stranger", Kind: scenarios.KindImage, Image: "stranger:1", Container: scenarios.Container{Port: 7000, Health: "/ready"}}
	s := &scenarios.Scenario{
		Name: "images", Nodes: []*scenarios.Node{node},
		Loads:  []*scenarios.Load{{Name: "users", To: "stranger", Rate: 10, Requests: []scenarios.Request{{Send: "GET /"}}}},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Minute}},
	}
	if e.Has(runner.Images) != (image != nil) {
		t.Fatalf("the engine runs images: %v, and the suite was given one: %v", e.Has(runner.Images), image != nil)
	}
	if image != nil {
		node.Image = image(t)
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = e.Check(p)
	if image == nil {
		if err == nil || !strings.Contains(err.Error(), "stand_in") {
			t.Errorf("Check of an image: %v, want an error that says what would stand in", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	system, err := e.Launch(t.Context(), runner.Launch{Plan: p, Run: runID(t, "images"), Dir: t.TempDir(), Progress: func(string) {}})
	w := launched(t, system, p, err)
	const edge, stranger = "users:stranger-1", "stranger-1"
	w.mustGet(edge, "/")
	for _, op := range []faults.Op{faults.OpKill, faults.OpStop, faults.OpPause} {
		undo := w.inject(faults.Primitive{Op: op, Instance: stranger})
		client := *w.clients[edge]
		client.Timeout = 500 * time.Millisecond
		if answer, err := client.Get("http://stranger/"); err == nil {
			_ = answer.Body.Close()
			t.Errorf("an image answered under %s", op)
		}
		undo()
		w.eventually(fmt.Sprintf("a request after %s", op), func() bool { return w.get(edge, "/").status == http.StatusOK })
	}
	o := w.observe()
	if n := o.Nodes[stranger]; n.Calls != nil || n.Counters != nil || n.Unread || n.Restarts != 2 {
		t.Errorf("an image that counts nothing itself and was started again twice: %+v", n)
	}
	for _, p := range []faults.Primitive{
		{Op: faults.OpBehave, Instance: stranger, Behaviour: &faults.Behaviour{Errors: 1, Status: 503}},
		{Op: faults.OpAsk, Instance: stranger, Ask: faults.Ask{Flush: faults.FlushHard}},
		changeOf(stranger, teapot),
	} {
		if _, err := system.Inject(t.Context(), []faults.Primitive{p}); err == nil || !strings.Contains(err.Error(), "image") {
			t.Errorf("%s on an image: %v", p, err)
		}
	}
}
