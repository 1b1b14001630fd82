package enginetest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual/network"
)

func latencyOf(edge string, d time.Duration) faults.Primitive {
	return faults.Primitive{Op: faults.OpToxic, Edge: edge, Toxic: &faults.Toxic{
		Stream: faults.Downstream, Toxicity: 1, Per: faults.PerRequest,
		Attributes: faults.LatencyToxic{Latency: faults.MillisOf(d)},
	}}
}

func outage(edge string, o faults.EdgeOutage) faults.Primitive {
	return faults.Primitive{Op: faults.OpOutage, Edge: edge, Outage: &o}
}

// least is how long a request takes, of five, all on one open connection: what else the machine does only ever adds to it.
func (w *world) least(edge string) time.Duration {
	w.t.Helper()
	var took []time.Duration
	for range 5 {
		a := w.mustGet(edge, "/ping")
		if !a.reused {
			w.t.Errorf("a request over %s made a connection of its own", edge)
		}
		took = append(took, a.took)
	}
	return slices.Min(took)
}

func testLatency(t *testing.T, w *world) {
	const promised = 200 * time.Millisecond
	w.mustGet(toAPI, "/ping") // opens the connection
	quiet := w.least(toAPI)
	undo := w.inject(latencyOf(toAPI, promised))
	if got := w.least(toAPI); got < promised || got > quiet+promised+150*time.Millisecond {
		t.Errorf("with a latency of %s a request takes %s, before it took %s", promised, got, quiet)
	}
	receipt := undo()
	if got := w.least(toAPI); got > quiet+promised/2 {
		t.Errorf("without the fault a request takes %s, before it took %s", got, quiet)
	}
	if !receipt.Met() || receipt.Requests != 5 || receipt.DelayMs < 199 || receipt.DelayMs > 300 {
		t.Errorf("receipt %+v, want 5 requests delayed by some 200 ms", receipt)
	}
	if diff := cmp.Diff(receipt, undo()); diff != "" {
		t.Errorf("a second undo has another receipt:\n%s", diff)
	}
	if got := w.least(toAPI); got > quiet+promised/2 {
		t.Errorf("after a second undo a request takes %s", got)
	}
}

func testOverlap(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	first := w.inject(latencyOf(toAPI, 100*time.Millisecond))
	second := w.inject(latencyOf(toAPI, 200*time.Millisecond))
	if got := w.least(toAPI); got < 299*time.Millisecond {
		t.Errorf("two latencies together take %s, want 300 ms", got)
	}
	first()
	if got := w.least(toAPI); got < 199*time.Millisecond || got > 290*time.Millisecond {
		t.Errorf("with one of them gone it takes %s, want 200 ms", got)
	}
	second()
	if got := w.least(toAPI); got > 90*time.Millisecond {
		t.Errorf("with both gone it takes %s", got)
	}
}

func testRefuse(t *testing.T, w *world) {
	undo := w.inject(outage(toAPI, faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}))
	w.mustNotDial(toAPI)
	w.mustGet(toAPI2, "/ping") // an edge of its own
	receipt := undo()
	if receipt.Refused+receipt.Reset == 0 {
		t.Errorf("receipt %+v, want refused or reset connections", receipt)
	}
	w.eventually("a request after the outage", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })

	// The caller of an inner edge is told, too: nothing goes around it.
	undo = w.inject(outage(toDB, faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}))
	if id, err := w.write(toAPI, "refused"); err == nil {
		t.Errorf("a write was acknowledged as %q though the edge to the database was closed", id)
	}
	undo()
	w.eventually("a write after the outage", func() bool { _, err := w.write(toAPI, "again"); return err == nil })
}

func testHang(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	undo := w.inject(outage(toAPI, faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenKeep}))
	// Neither the open connection nor a new one gets an answer.
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	if a := w.ask(ctx, toAPI, http.MethodGet, "/ping"); a.err == nil || ctx.Err() == nil {
		t.Errorf("a request over a hanging edge came to status %d, error %v", a.status, a.err)
	}
	cancel()
	w.close()
	ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
	if a := w.ask(ctx, toAPI, http.MethodGet, "/ping"); a.err == nil || ctx.Err() == nil {
		t.Errorf("a new connection over a hanging edge came to status %d, error %v", a.status, a.err)
	}
	cancel()
	if receipt := undo(); !receipt.Met() {
		t.Errorf("receipt %+v, want traffic", receipt)
	}
	w.eventually("a request after the outage", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
}

func testPause(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	before := w.observe().Nodes[api].Counters
	undo := w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	// What is asked meanwhile is answered afterwards.
	type late struct {
		answer
		at time.Time
	}
	answered := make(chan late, 1)
	go func() { a := w.get(toAPI, "/ping"); answered <- late{a, time.Now()} }()
	const paused = 500 * time.Millisecond
	select {
	case a := <-answered:
		t.Errorf("a paused instance answered: %+v", a)
	case <-time.After(paused):
	}
	if diff := cmp.Diff(len(before), len(w.observe().Nodes[api].Counters)); diff != "" {
		t.Errorf("a paused instance has lost counters: %s", diff)
	}
	over := time.Now()
	receipt := undo()
	select {
	case a := <-answered:
		if a.err != nil || a.status != http.StatusOK || a.at.Before(over) {
			t.Errorf("after the pause, which was undone from %s on: %+v", over, a)
		}
	case <-time.After(soon):
		t.Error("no answer after the pause")
	}
	if !receipt.Met() {
		t.Errorf("receipt %+v, want traffic", receipt)
	}
	w.mustGet(toAPI, "/ping")
}

func testBehave(t *testing.T, w *world) {
	undo := w.inject(faults.Primitive{Op: faults.OpBehave, Instance: api, Behaviour: &faults.Behaviour{Errors: 1, Status: 503}})
	for range 3 {
		if a := w.get(toAPI, "/ping"); a.status != http.StatusServiceUnavailable {
			t.Errorf("status %d, error %v, want 503", a.status, a.err)
		}
	}
	w.mustGet(toAPI2, "/ping")
	if receipt := undo(); receipt.Requests != 3 {
		t.Errorf("receipt %+v, want 3 requests", receipt)
	}
	w.mustGet(toAPI, "/ping")
	undo = w.inject(faults.Primitive{Op: faults.OpBehave, Instance: api, Behaviour: &faults.Behaviour{Slow: 150 * time.Millisecond}})
	if got := w.least(toAPI); got < 150*time.Millisecond || got > soon {
		t.Errorf("a slow instance answers in %s, want 150 ms", got)
	}
	undo()
	w.mustGet(toAPI, "/ping")
}

func testKill(t *testing.T, w *world) {
	var acknowledged []string
	for i := range 10 {
		acknowledged = append(acknowledged, w.mustWrite(toAPI, fmt.Sprintf("kill-%d", i)))
	}
	before := w.observe()
	undo := w.inject(faults.Primitive{Op: faults.OpKill, Instance: db})
	if id, err := w.write(toAPI, "dead"); err == nil {
		t.Errorf("a write was acknowledged as %q though the database was killed", id)
	}
	if got := w.observe().Nodes[db]; len(got.Counters) < len(before.Nodes[db].Counters) {
		t.Errorf("a killed instance has lost its counters: %v", got)
	}
	receipt := undo()
	if !receipt.Met() {
		t.Errorf("receipt %+v, want traffic", receipt)
	}
	found := w.writes(db)
	for _, id := range acknowledged {
		if found[id] != 1 {
			t.Errorf("acknowledged write %q is there %d times after kill -9", id, found[id])
		}
	}
	w.eventually("a write after the restart", func() bool { _, err := w.write(toAPI, "alive"); return err == nil })
	after := w.observe()
	if got := after.Nodes[db].Restarts - before.Nodes[db].Restarts; got != 1 {
		t.Errorf("%d restarts, want 1", got)
	}
	for name, v := range before.Nodes[db].Counters {
		if len(name) > 6 && name[len(name)-6:] == "_total" && after.Nodes[db].Counters[name] < v {
			t.Errorf("counter %s fell from %v to %v over a restart", name, v, after.Nodes[db].Counters[name])
		}
	}
	undo()
	if got := w.observe().Nodes[db].Restarts - before.Nodes[db].Restarts; got != 1 {
		t.Errorf("a second undo restarted it: %d restarts, want 1", got)
	}
}

// testKillUnderPause kills a paused instance: each fault is undone by its own undo, in any order.
func testKillUnderPause(t *testing.T, w *world) {
	resume := w.inject(faults.Primitive{Op: faults.OpPause, Instance: api})
	restart := w.inject(faults.Primitive{Op: faults.OpKill, Instance: api})
	restart()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if a := w.ask(ctx, toAPI, http.MethodGet, "/ping"); a.err == nil {
		t.Errorf("an instance that was restarted under a pause answered: %+v", a)
	}
	resume()
	w.eventually("a request after both", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
}

func testFailedInjection(t *testing.T, w *world) {
	w.mustGet(toAPI, "/ping")
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	for _, bad := range []faults.Primitive{
		{Op: faults.OpKill, Instance: "nobody-1"},
		latencyOf("nobody:api-1", time.Second),
	} {
		if _, err := w.system.Inject(ctx, []faults.Primitive{latencyOf(toAPI, 500*time.Millisecond), bad}); err == nil {
			t.Errorf("%s was injected", bad)
		}
		if got := w.least(toAPI); got > 400*time.Millisecond {
			t.Errorf("after a failed injection a request takes %s: a part of it stayed", got)
		}
	}
}

// testRepeatedSYNs connects over an edge that drops SYNs until between two repetitions of them: the connection is made at
// the next repetition, as this machine's kernel times it, or as the one that is modelled does.
func testRepeatedSYNs(t *testing.T, w *world, e runner.Engine) {
	linear := network.SYNLinearTimeouts
	if _, modelled := e.(runner.Enclosing); !modelled {
		linear = 0 // kernels before 6.5
		if data, err := os.ReadFile("/proc/sys/net/ipv4/tcp_syn_linear_timeouts"); err == nil {
			if linear, err = strconv.Atoi(strings.TrimSpace(string(data))); err != nil {
				t.Fatal(err)
			}
		}
	}
	times := network.SYNTimes(linear)
	// Kernels differ after the second repetition: the fourth comes after 4 s, and the third of an old one after 7 s.
	lifted := (times[1] + times[2]) / 2
	if linear >= 3 {
		lifted = (times[2] + times[3]) / 2
	}
	next := times[slices.IndexFunc(times, func(at time.Duration) bool { return at > lifted })]
	undo := w.inject(outage(toAPI2, faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenKeep}))
	w.close() // what was open can't be used
	lift := time.AfterFunc(lifted, func() { undo() })
	defer lift.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), next+soon)
	defer cancel()
	begin := time.Now()
	c, err := w.system.Dial(ctx, toAPI2)
	took := time.Since(begin)
	if err != nil {
		t.Fatalf("connecting over an edge that serves again after %s: %v after %s", lifted, err, took)
	}
	_ = c.Close()
	if took < next-100*time.Millisecond || took > next+time.Second {
		t.Errorf("connecting over an edge that serves again after %s took %s, want the repetition at %s (%d linear timeouts)", lifted, took, next, linear)
	}
}
