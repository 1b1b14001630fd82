package enginetest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

func changeOf(instance, patch string) faults.Primitive {
	return faults.Primitive{Op: faults.OpConfigure, Instance: instance, Patch: &faults.Patch{Text: patch, Words: patch}}
}

// The changes of the suite, as the language spells them, in the order in which one is put over another.
const (
	created  = `{endpoints: {GET /ping: [{respond: {status: 201}}], GET /new: [{respond: {status: 202}}]}}`
	teapot   = `{endpoints: {GET /ping: [{respond: {status: 418}}]}}`
	slow     = `{endpoints: {GET /ping: [{work: "1s"}, {respond: {status: 206}}]}}`
	computes = `{endpoints: {GET /compute: [{compute: "40ms"}]}}`
	long     = `{endpoints: {GET /long: [{work: "5s"}]}}`
)

// testChange changes an instance to and fro under requests: none of them fails, and each is answered by one
// configuration or the other.
func testChange(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	before := w.observe().Nodes[api]
	stop := make(chan struct{})
	var asked atomic.Int64
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				asked.Add(1)
				if a := w.get(toAPI, "/ping"); a.err != nil || a.status != http.StatusOK && a.status != http.StatusCreated {
					t.Errorf("under a change: status %d, error %v", a.status, a.err)
				}
			}
		})
	}
	for range 5 {
		undo := w.inject(changeOf(api, created))
		for _, path := range []string{"/ping", "/new"} {
			if a := w.get(toAPI, path); a.status != http.StatusCreated && a.status != http.StatusAccepted {
				t.Errorf("%s with the change: status %d, error %v", path, a.status, a.err)
			}
		}
		if a := w.get(toAPI2, "/new"); a.status != http.StatusNotFound {
			t.Errorf("another instance has the change: status %d, error %v", a.status, a.err)
		}
		if receipt := undo(); receipt.Requests < 2 {
			t.Errorf("receipt %+v, want at least 2 requests", receipt)
		}
		if a := w.get(toAPI, "/new"); a.status != http.StatusNotFound {
			t.Errorf("without the change: status %d, error %v", a.status, a.err)
		}
	}
	close(stop)
	asking.Wait()
	after := w.observe().Nodes[api]
	if got := after.Counters["squall_configured_total"] - before.Counters["squall_configured_total"]; got != 10 {
		t.Errorf("configured %v times, want 10", got)
	}
	if got, least := after.Counters["squall_requests_total"]-before.Counters["squall_requests_total"], float64(asked.Load()); got < least {
		t.Errorf("%v requests counted, want %v at least: changes lose counts", got, least)
	}
	if after.Restarts != before.Restarts {
		t.Error("a change restarted the instance")
	}
	w.mustWrite(toAPI, "after-changes")
}

// testChangesOverlap puts one change over another and takes them off in either order; a request under way ends as it began.
func testChangesOverlap(t *testing.T, w *world) {
	status := func(want int) {
		t.Helper()
		if a := w.get(toAPI, "/ping"); a.status != want {
			t.Errorf("status %d, error %v, want %d", a.status, a.err, want)
		}
	}
	first := w.inject(changeOf(api, created))
	second := w.inject(changeOf(api, teapot))
	status(http.StatusTeapot)
	if a := w.get(toAPI, "/new"); a.status != http.StatusAccepted {
		t.Errorf("the change below: status %d, error %v", a.status, a.err)
	}
	first()
	status(http.StatusTeapot)
	if a := w.get(toAPI, "/new"); a.status != http.StatusNotFound {
		t.Errorf("the change below is off: status %d, error %v", a.status, a.err)
	}
	first()
	second()
	status(http.StatusOK)

	undo := w.inject(changeOf(api, slow))
	answered := make(chan answer, 1)
	go func() { answered <- w.get(toAPI, "/ping") }()
	w.underWay()
	undo()
	if a := <-answered; a.status != http.StatusPartialContent || a.took < time.Second {
		t.Errorf("a request under way when the change went: %+v", a)
	}
	status(http.StatusOK)
}

// testChangeAndKill kills a changed instance: it starts again as it was changed, also where that came or went meanwhile.
func testChangeAndKill(t *testing.T, w *world) {
	alive := func(what string, want int) {
		t.Helper()
		w.eventually(what, func() bool { return w.get(toAPI, "/ping").status == want })
	}
	change := w.inject(changeOf(api, teapot))
	restart := w.inject(faults.Primitive{Op: faults.OpKill, Instance: api})
	restart()
	alive("a changed instance after a restart", http.StatusTeapot)
	restart = w.inject(faults.Primitive{Op: faults.OpKill, Instance: api})
	change()
	restart()
	alive("an instance whose change went while it was dead", http.StatusOK)
	restart = w.inject(faults.Primitive{Op: faults.OpKill, Instance: api})
	change = w.inject(changeOf(api, created))
	restart()
	alive("an instance whose change came while it was dead", http.StatusCreated)
	change()
	alive("the instance without the change", http.StatusOK)
}

func testChangeUnderPause(t *testing.T, w *world) {
	resume := w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	change := w.inject(changeOf(api, teapot))
	resume()
	w.eventually("a request after the pause", func() bool { return w.get(toAPI, "/ping").status == http.StatusTeapot })
	resume = w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	change()
	resume()
	w.eventually("a request after another pause", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
}
