package virtual_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/record"
)

// What ends just when a request comes (the time of a call that hangs, a computation) has made room for it or has not, in every run of a
// seed alike. Requests come every 10 ms here, and what takes all the room there is ends after a multiple of that; each request is
// some 20 to 60 ns late, so that one in 16 or so comes at the very ns at which one ends.
func TestWhatEndsWhenARequestComesIsOfOneOrder(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"computation": `
scenario: computation
topology:
  app: {kind: service, workers: 1, queue: 0, endpoints: {GET /x: [{compute: 10ms}]}}
load:
  users: {to: app, rate: 100/s, requests: [{send: GET /x}]}
phases: [{name: steady, for: 10s}]
`,
		"timeout of a call": `
scenario: timeout
topology:
  gw:  {kind: gateway, timeout: 100ms, bulkhead: {most: 10}, routes: [{match: /*, to: app}]}
  app: {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: gw, rate: 100/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 2s}
  - {name: hangs, for: 10s, faults: [{freeze: app}]}
`,
		"deadline of a caller": `
scenario: deadline
topology:
  gw:  {kind: gateway, timeout: 100ms, deadline: propagate, routes: [{match: /*, to: app}]}
  app: {kind: service, workers: 10, queue: 0, deadline: propagate, endpoints: {GET /x: [{work: 1s}]}}
load:
  users: {to: gw, rate: 100/s, requests: [{send: GET /x}]}
phases: [{name: steady, for: 10s}]
`,
	} {
		t.Run(name, func(t *testing.T) { isTheSame(t, file) })
	}
}

// isTheSame makes a scenario's run five times, and compares the records. Under the race detector goroutines go on in a random order.
func isTheSame(t *testing.T, file string) {
	t.Helper()
	breadth.Today(t, breadth.Name(t), 4)
	t.Parallel()
	s := parse(t, file)
	first := recorded(t, conduct(t, s, 1))
	for range 4 {
		if diff := cmp.Diff(first, recorded(t, conduct(t, s, 1))); diff != "" {
			t.Fatalf("two runs with one seed differ (-first +another):\n%s", diff)
		}
	}
}

// What several are told, given or asked for at one instant goes on in one order, in every run of a seed alike.
func TestWhatIsDoneAtOneInstantIsOfOneOrder(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		// They are carried out on different places, and taken back, by an operation each.
		"faults": `
scenario: faults
topology:
  gw:  {kind: gateway, routes: [{match: /a, to: a, timeout: 300ms}, {match: /b, to: b, timeout: 300ms}]}
  a: {kind: service, replicas: 2, endpoints: {GET /a: [{work: {mean: 4ms, shape: exponential}}, {read: db}]}}
  b: {kind: service, endpoints: {GET /b: [{call: a GET /a, retry: {attempts: 2, backoff: 20ms}}]}}
  db: {kind: database}
load:
  users: {to: gw, rate: 100/s, arrivals: poisson, timeout: 2s, requests: [{send: GET /a}, {send: GET /b}]}
phases:
  - {name: steady, for: 1s}
  - {name: first, for: 1s, faults: [{freeze: gw -> a}, {reset: b -> a}, {errors: 30%, on: b}, {change: a, with: {workers: 3}}]}
  - {name: next, for: 1s, faults: [{latency: 40ms, on: gw -> b}, {crash: a-1}, {refuse: a -> db}]}
  - {name: after, for: 1s}
`,
		// All replicas are asked to end at once, each after its callers were told.
		"instances of a fault": `
scenario: instances
topology:
  gw:  {kind: gateway, routes: [{match: /a, to: a}, {match: /b, to: b}]}
  a: {kind: service, replicas: 3, endpoints: {GET /a: [{work: {mean: 4ms, shape: exponential}}]}}
  b: {kind: service, replicas: 2, endpoints: {GET /b: [{call: a GET /a, retry: {attempts: 3, backoff: 20ms}}]}}
load:
  users: {to: gw, rate: 100/s, timeout: 2s, requests: [{send: GET /a}, {send: GET /b}]}
phases:
  - {name: steady, for: 1s}
  - {name: stopped, for: 1s, faults: [{stop: a}]}
  - {name: after, for: 1s}
`,
		// A message arrives for both at once, and neither answers in time.
		"subscribers": `
scenario: subscribers
topology:
  app: {kind: service, endpoints: {"POST /x/{id}": [{write: events}]}}
  events:
    kind: stream
    partitions: 4
    timeout: 300ms
    subscribers: {one: {to: "one POST /take/{key}"}, other: {to: "other POST /take/{key}"}}
  one: {kind: service, endpoints: {"POST /take/{id}": [{work: 10ms}, {write: db, idempotent: true}]}}
  other: {kind: service, endpoints: {"POST /take/{id}": [{work: 40ms}, {write: db, idempotent: true}]}}
  db: {kind: database}
load:
  users: {to: app, rate: 60/s, arrivals: poisson, timeout: 2s, requests: [{send: "POST /x/{id}"}]}
phases:
  - {name: steady, for: 1s}
  - {name: gone, for: 3s, faults: [{outage: one}, {outage: other}]}
  - {name: after, for: 3s}
`,
		// Who gives up has its query cancelled, over a connection that is made as the one in its place is.
		"cancelled queries": `
scenario: cancelled
topology:
  app: {kind: service, workers: 4, timeout: 100ms, endpoints: {"POST /x/{id}": [{read: db}, {write: db}]}}
  db: {kind: database}
load:
  users: {to: app, rate: 100/s, timeout: 2s, requests: [{send: "POST /x/{id}"}]}
phases:
  - {name: steady, for: 1s}
  - {name: stands still, for: 2s, faults: [{pause: db}]}
  - {name: after, for: 1s}
`,
	} {
		t.Run(name, func(t *testing.T) { isTheSame(t, file) })
	}
}

// recorded is everything that a run recorded but for the time of day.
func recorded(t *testing.T, r *record.Result) string {
	t.Helper()
	r.Started = time.Time{}
	text, err := json.MarshalIndent(struct {
		*record.Result
		Windows []record.Window
	}{r, r.Windows}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
