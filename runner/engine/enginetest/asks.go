package enginetest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios/language"
)

// asksScenario has one of everything that can be asked to do something once.
const asksScenario = `
scenario: asks
topology:
  edge: {kind: cdn, origin: api, cache: [{match: GET /items/*, ttl: 1m}]}
  api:
    kind: service
    endpoints: {"GET /items/{id}": [{work: 1ms}], "POST /events/{id}": [{write: events}], "POST /orders/{id}": [{write: orders}]}
  search: {kind: service, endpoints: {"POST /seen/{id}": [{work: 1ms}]}}
  events: {kind: stream, retain: 1m, subscribers: {search: {to: "search POST /seen/{key}"}}}
  orders: {kind: database, replication: async}
  standby: {kind: database, replica_of: orders}
load: {users: {to: edge, rate: 1/s, requests: [{send: "GET /items/{id}"}, {send: "POST /events/{id}"}, {send: "POST /orders/{id}"}]}}
phases: [{name: only, for: 60s}]
`

// testAsks asks for what is done once, without any traffic after it: its receipt says what was done, and how much, and is not
// met where there was nothing to do.
func testAsks(t *testing.T, e runner.Engine) {
	s, err := language.Parse("asks.yaml", []byte(asksScenario), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	system, err := e.Launch(ctx, runner.Launch{Plan: p, Run: runID(t, "asks"), Dir: t.TempDir(), Progress: func(string) {}})
	w := launched(t, system, p, err)
	for n := range 3 {
		w.mustGet("users:edge-1", fmt.Sprintf("/items/%d", n))
		if a := w.ask(ctx, "users:edge-1", http.MethodPost, fmt.Sprintf("/events/%d", n)); a.err != nil || a.status/100 != 2 {
			t.Fatalf("publish: %+v", a)
		}
	}
	events := func(counter string) float64 { return w.observe().Nodes["events-1"].Counters[counter] }
	w.eventually("all events are delivered", func() bool { return events("squall_delivered_total") >= 3 })

	asked := func(instance string, ask faults.Ask, done func() bool, want int64, met bool) {
		t.Helper()
		undo := w.inject(faults.Primitive{Op: faults.OpAsk, Instance: instance, Ask: ask})
		w.eventually("it is done", done)
		receipt := undo()
		if got := []faults.Deed{{Instance: instance, What: ask.Deed(), N: want}}; !reflect.DeepEqual(receipt, faults.Receipt{Deeds: got}) || receipt.Met() != met {
			t.Errorf("%s of %s: receipt %+v (met %t), want %+v (met %t)", ask, instance, receipt, receipt.Met(), got, met)
		}
	}
	at := func() bool { return true }
	flush := faults.Ask{Flush: faults.FlushHard}
	asked("edge-1", flush, at, 3, true)
	asked("edge-1", flush, at, 0, false)
	asked("standby-1", faults.Ask{Promote: true}, at, 1, true)
	asked("standby-1", faults.Ask{Promote: true}, at, 0, false)
	asked("events-1", faults.Ask{Replay: faults.Replay{Subscriber: "search"}}, func() bool { return events("squall_replayed_total") == 3 }, 3, true)
}
