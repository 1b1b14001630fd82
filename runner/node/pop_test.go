package node_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func popQueue(of scenarios.Delivery) scenarios.Node {
	return scenarios.Node{Name: "q", Kind: scenarios.KindQueue, Delivery: of}
}

// popped is what a queue gives who pops, and what to acknowledge it with.
func (w *world) popped(wait time.Duration) (id, receipt string, again bool) {
	w.t.Helper()
	a := w.ask("POST", "q:80/messages/next", wire.HeaderWait, wait.String())
	if a.status != 200 && a.status != 204 || (a.status == 204) != (a.header.Get(wire.HeaderWrite) == "") {
		w.t.Fatalf("a pop is answered %d with %v", a.status, a.header)
	}
	return a.header.Get(wire.HeaderWrite), a.header.Get(wire.HeaderReceipt), a.header.Get(wire.HeaderRetried) != ""
}

func (w *world) wantPopped(id string, again bool) (receipt string) {
	w.t.Helper()
	got, receipt, before := w.popped(0)
	if got != id || before != again {
		w.t.Errorf("popped %q (again: %v), want %q (%v)", got, before, id, again)
	}
	return receipt
}

func (w *world) says(receipt, how string, want int) {
	w.t.Helper()
	if a := w.ask("POST", "q:80/messages/"+receipt+"/"+how); a.status != want {
		w.t.Errorf("%s of %q is answered %d, want %d", how, receipt, a.status, want)
	}
}

// A message is its taker's until it is acknowledged, given back, or its time is over; a receipt of then is worth nothing; what came first
// comes first again; what was acknowledged does not come after a crash of the queue, and all else does.
func TestPopAtLeastOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		node := popQueue(scenarios.Delivery{AckWithin: 5 * time.Second})
		stop := w.run(node)
		w.wantPopped("", false)
		for _, id := range []string{"a", "b", "c"} {
			w.post(id, "")
		}
		w.says(w.wantPopped("a", false), "acknowledge", 204)
		late := w.wantPopped("b", false)
		w.says(w.wantPopped("c", false), "return", 204)
		held := w.wantPopped("c", true)
		w.wantPopped("", false)

		time.Sleep(5*time.Second - ms)
		w.wantPopped("", false)
		time.Sleep(ms)
		mine := w.wantPopped("b", true)
		for _, how := range []string{"acknowledge", "return"} {
			w.says(late, how, 404)
			w.says("7.1", how, 404)
			w.says("what", how, 404)
		}
		w.says(mine, "acknowledge", 204)
		w.says(mine, "acknowledge", 404)
		w.says(held, "return", 404) // its time is over, too
		w.counters("q", map[string]float64{"squall_delivered_total": 2, "squall_redelivered_total": 2, "squall_backlog": 1})
		w.wantPopped("c", true)

		stop()
		w.start(node)
		w.says(w.wantPopped("c", false), "acknowledge", 204) // nobody knows any more that it was given away
		w.wantPopped("", false)
		if got := w.queued(); !maps.Equal(got.Writes, map[string]int{"a": 1, "b": 1, "c": 1}) || got.Backlog != 0 {
			t.Errorf("accepted, and left: %+v", got)
		}
	})
}

// At most once, a message is gone when it is given away, over a crash too. One that is too old, or was tried as often as may
// be, is given up and counted, and the newest comes first where the queue says so.
func TestPopGivesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		node := popQueue(scenarios.Delivery{Promise: scenarios.AtMostOnce, Order: "newest"})
		stop := w.run(node)
		for _, id := range []string{"a", "b", "c"} {
			w.post(id, "")
		}
		if receipt := w.wantPopped("c", false); receipt != "" {
			t.Errorf("what is given away at most once has the receipt %q", receipt)
		}
		stop()
		stop = w.run(node)
		w.wantPopped("b", false)
		w.wantPopped("a", false)
		w.wantPopped("", false)
		stop()

		w.start(popQueue(scenarios.Delivery{Redelivery: scenarios.Redelivery{Redeliver: 1, TTL: time.Minute}}))
		w.post("d", "")
		w.says(w.wantPopped("d", false), "return", 204)
		w.says(w.wantPopped("d", true), "return", 204)
		w.wantPopped("", false)
		w.post("e", "")
		time.Sleep(30 * time.Second)
		w.post("f", "")
		time.Sleep(31 * time.Second)
		w.wantPopped("f", false)
		time.Sleep(time.Second)
		w.counters("q", map[string]float64{"squall_dead_total": 1, "squall_expired_total": 1, "squall_backlog": 1})
	})
}

// Each of several who wait gets one of what comes, in the order in which they came; who waits gets what another has not acknowledged when
// its time is over; and who has waited long enough gets nothing.
func TestPopWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(popQueue(scenarios.Delivery{AckWithin: time.Second}))
		var mu sync.Mutex
		got := map[string]time.Duration{}
		began := time.Now()
		var waiting sync.WaitGroup
		for n := range 3 {
			time.Sleep(ms)
			waiting.Go(func() {
				id, _, again := w.popped(2 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				got[fmt.Sprintf("%d got %q %v", n, id, again)] = time.Since(began)
			})
		}
		time.Sleep(497 * ms)
		w.post("a", "")
		w.post("b", "")
		waiting.Wait()
		waiting.Go(func() {
			id, _, _ := w.popped(100 * ms)
			got["then "+id] = time.Since(began)
		})
		waiting.Wait()
		want := map[string]time.Duration{`0 got "a" false`: 500 * ms, `1 got "b" false`: 500 * ms, `2 got "a" true`: 1500 * ms, "then b": 1500 * ms}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
