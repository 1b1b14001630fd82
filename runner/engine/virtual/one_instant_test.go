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
		t.Run(name, func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			s := parse(t, file)
			first := recorded(t, conduct(t, s, 1))
			for range 4 {
				if diff := cmp.Diff(first, recorded(t, conduct(t, s, 1))); diff != "" {
					t.Fatalf("two runs with one seed differ (-first +another):\n%s", diff)
				}
			}
		})
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
