package enginetest

import (
	"net/http"
	"testing"

	"github.com/squallhq/squall/faults"
)

// testStop asks an instance to end while it answers: the answer comes, then nobody listens, and it starts again.
func testStop(t *testing.T, w *world) {
	before := w.observe().Nodes[api]
	w.inject(changeOf(api, slow)) // taken off with the test
	answered := make(chan answer, 1)
	go func() { answered <- w.get(toAPI, "/ping") }()
	w.underWay()
	start := w.inject(faults.Primitive{Op: faults.OpStop, Instance: api})
	select {
	case a := <-answered:
		if a.err != nil || a.status != http.StatusPartialContent {
			t.Errorf("what was under way: %+v", a)
		}
	default:
		t.Error("an instance ended before it had finished what it had")
	}
	if a := w.get(toAPI, "/ping"); a.err == nil {
		t.Errorf("an instance that was stopped answered: %+v", a)
	}
	w.mustGet(toAPI2, "/ping")
	if got := w.observe().Nodes[api]; got.Counters["squall_requests_total"] < before.Counters["squall_requests_total"]+1 {
		t.Errorf("a stopped instance has lost its counters: %v", got.Counters)
	}
	if receipt := start(); !receipt.Met() {
		t.Errorf("receipt %+v, want traffic", receipt)
	}
	w.eventually("a request after the start", func() bool { return w.get(toAPI, "/ping").err == nil })
	if got := w.observe().Nodes[api].Restarts - before.Restarts; got != 1 {
		t.Errorf("%d restarts, want 1", got)
	}
}

// testStopTold stops one of two replicas that an instance calls in turn: it was told, and calls the other alone; where it
// was not, half of its calls fail.
func testStopTold(t *testing.T, w *world) {
	failed := func() (n int) {
		for range 10 {
			if a := w.get(toAPI, "/leaf"); a.status != http.StatusOK {
				n++
			}
		}
		return n
	}
	if got := failed(); got > 0 {
		t.Fatalf("%d of 10 calls failed before", got)
	}
	start := w.inject(faults.Primitive{Op: faults.OpStop, Instance: "leaf-2"})
	if got := failed(); got > 0 {
		t.Errorf("%d of 10 calls failed though their caller was told", got)
	}
	calls := w.counted(api).Calls
	start()
	if got := failed(); got > 0 {
		t.Errorf("%d of 10 calls failed when it was back", got)
	}
	if got := w.counted(api).Calls["leaf-2"].Attempts - calls["leaf-2"].Attempts; got != 5 {
		t.Errorf("it got %d of 10 calls when it was back, want 5", got)
	}
	start = w.inject(faults.Primitive{Op: faults.OpStop, Instance: "leaf-2", Untold: true})
	if got := failed(); got != 5 {
		t.Errorf("%d of 10 calls failed untold, want 5", got)
	}
	start()
	w.eventually("calls after it", func() bool { return failed() == 0 })
}
