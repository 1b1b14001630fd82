package enginetest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// testBackIsTold stops and kills one of two replicas at once: whichever goes first, its caller is told that it is back when
// both are gone, and calls it again.
func testBackIsTold(t *testing.T, w *world) {
	const leaf = "leaf-2"
	for _, killFirst := range []bool{true, false} {
		stop := w.inject(faults.Primitive{Op: faults.OpStop, Instance: leaf})
		kill := w.inject(faults.Primitive{Op: faults.OpKill, Instance: leaf})
		first, last := stop, kill
		if killFirst {
			first, last = kill, stop
		}
		first()
		if a := w.get(toAPI, "/leaf"); a.status != http.StatusOK {
			t.Errorf("a call while one of its two callees is down, as it was told: %+v", a)
		}
		last()
		before := w.counted(api).Calls[leaf].Attempts
		for range 10 {
			w.mustGet(toAPI, "/leaf")
		}
		if got := w.counted(api).Calls[leaf].Attempts - before; got != 5 {
			t.Errorf("kill first %v: it got %d of 10 calls when it was back, want 5", killFirst, got)
		}
	}
}

// testCallerMissesNothing stops a callee while its caller is paused or dead: the caller learns of it when it goes on.
func testCallerMissesNothing(t *testing.T, w *world) {
	for _, away := range []faults.Op{faults.OpPause, faults.OpKill} {
		on := w.inject(faults.Primitive{Op: away, Instance: api})
		start := w.inject(faults.Primitive{Op: faults.OpStop, Instance: "leaf-2"})
		on()
		w.eventually("a request after its "+string(away), func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
		for range 4 {
			if a := w.get(toAPI, "/leaf"); a.status != http.StatusOK {
				t.Errorf("after a %s a caller calls who was withdrawn meanwhile: %+v", away, a)
			}
		}
		on = w.inject(faults.Primitive{Op: away, Instance: api})
		start()
		on()
		w.eventually("a request after its second "+string(away), func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
		before := w.counted(api).Calls["leaf-2"].Attempts
		for range 4 {
			w.mustGet(toAPI, "/leaf")
		}
		if got := w.counted(api).Calls["leaf-2"].Attempts - before; got != 2 {
			t.Errorf("after a %s a caller gave %d of 4 calls to who came back meanwhile, want 2", away, got)
		}
	}
}

// testStopUnderPause stops an instance that stands still: it can finish nothing, and is down until both are undone.
func testStopUnderPause(t *testing.T, w *world) {
	resume := w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	begin := time.Now()
	start := w.inject(faults.Primitive{Op: faults.OpStop, Instance: api})
	if took := time.Since(begin); took > soon {
		t.Errorf("an instance that stood still took %s to end", took)
	}
	resume()
	if a := w.get(toAPI, "/ping"); a.err == nil {
		t.Errorf("an instance that was stopped under a pause answered: %+v", a)
	}
	start()
	w.eventually("a request after both", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
}

// testToldUnderPause makes an instance that stands still misbehave: it does when it goes on.
func testToldUnderPause(t *testing.T, w *world) {
	resume := w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	mend := w.inject(faults.Primitive{Op: faults.OpBehave, Instance: api, Behaviour: &faults.Behaviour{Errors: 1, Status: 503}})
	resume()
	if a := w.get(toAPI, "/ping"); a.status != http.StatusServiceUnavailable {
		t.Errorf("after the pause: status %d, error %v, want 503", a.status, a.err)
	}
	resume = w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	mend()
	resume()
	w.mustGet(toAPI, "/ping")
}

// testPartialFailure injects what one of two instances refuses: the other one's part does not stay, and neither does what
// the same instance took.
func testPartialFailure(t *testing.T, w *world) {
	bad := changeOf(api, `{endpoints: {GET /ping: [{respond: {colour: red}}]}}`)
	errors := func(on string) faults.Primitive {
		return faults.Primitive{Op: faults.OpBehave, Instance: on, Behaviour: &faults.Behaviour{Errors: 1, Status: 503}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	if _, err := w.system.Inject(ctx, []faults.Primitive{errors(api), errors("api-2"), latencyOf(toAPI, time.Second), bad}); err == nil {
		t.Fatal("a change that the plan does not have was injected")
	}
	for _, edge := range []string{toAPI, toAPI2} {
		if a := w.mustGet(edge, "/ping"); a.took > 900*time.Millisecond {
			t.Errorf("over %s a part of it stayed: %+v", edge, a)
		}
	}
}

// testCutInjection ends the context of a stop whose instance is still at work: the instance is back as it was, and nobody
// has died by himself.
func testCutInjection(t *testing.T, w *world) {
	w.inject(changeOf(api, long)) // taken off with the test
	go w.get(toAPI, "/long")
	w.eventually("a request under way", func() bool {
		return w.observe().Nodes[api].Counters["squall_in_flight"] > 0
	})
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := w.system.Inject(ctx, []faults.Primitive{{Op: faults.OpStop, Instance: api}}); err == nil {
		t.Fatal("a stop that was cut was injected")
	}
	if took := time.Since(begin); took > 4*time.Second+soon {
		t.Errorf("a stop that was cut took %s", took)
	}
	w.eventually("a request after a stop that was cut", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
	testNoDeaths(t, w)
}
