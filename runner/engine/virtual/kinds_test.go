package virtual_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/scenarios/language"
)

// everyKind has whatever the examples of the fault kinds hit.
const everyKind = `
scenario: every kind
topology:
  edge: {kind: cdn, origin: api, cache: [{match: GET /catalog/*, ttl: 10ms}]}
  api:
    kind: gateway
    routes: [{match: /catalog/*, to: catalog, timeout: 1s}, {match: /orders/*, to: orders, timeout: 1s}]
  catalog: {kind: service, endpoints: {"GET /catalog/{id}": [{read: catalog-db, timeout: 500ms}, {read: catalog-db, replica: catalog-replica, timeout: 500ms}]}}
  orders: {kind: service, endpoints: {"POST /orders/{id}": [{call: payments POST /charge, timeout: 500ms}, {write: events, timeout: 500ms}]}}
  events: {kind: stream, retain: 1m, subscribers: {search: {to: "search POST /index/{key}"}}}
  search: {kind: service, endpoints: {"POST /index/{id}": [{work: 1ms}]}}
  payments: {kind: service, cpus: 1, region: eu-west, replicas: 2, endpoints: {POST /charge: [{compute: 4ms}, {work: {mean: 10ms, shape: exponential}}]}}
  catalog-db: {kind: database}
  orders-db: {kind: database} # what some faults need of it containers alone have
  catalog-replica: {kind: database, replica_of: catalog-db}
  web: {kind: service, endpoints: {GET /: {work: 1ms}}}
load:
  users: {to: edge, rate: 100/s, arrivals: poisson, requests: [{send: "GET /catalog/{id}"}, {send: "POST /orders/{id}"}]}
phases:
  - {name: well, for: 5s}
  - {name: ill, for: 10s, faults: [%s]}
  - {name: after, for: 10s}
`

// Every kind of fault, as squall explain shows it, is carried out in virtual time: traffic meets it, it is lifted, and the
// system is as it was.
func TestEveryKindOfFault(t *testing.T) {
	for n, kind := range faults.Kinds {
		t.Run(kind.Word, func(t *testing.T) {
			today(t, n)
			s, err := language.Parse("x.yaml", fmt.Appendf(nil, everyKind, kind.Explain.Example), "")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Plan(1)
			if inContainers := []string{"memory", "full_disk", "rollout", "certificate", "machine_loss", "machine_drain"}; kind.Cannot != "" || slices.Contains(inContainers, kind.Word) {
				if err == nil {
					err = (&virtual.Engine{}).Check(p)
				}
				if err == nil {
					t.Error("it is not refused")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r := carryOut(t, &virtual.Engine{}, p, load.New(load.Options{}))
			f := r.Faults[0]
			latest := 5.00001 // an order crosses the network
			if kind.Word == "stop" || kind.Word == "scale" {
				latest = 5.50001 // callers are told, and what is under way is finished
			}
			if f.Error != "" || f.AppliedS == nil || *f.AppliedS < 5 || *f.AppliedS > latest || f.UndoneS == nil {
				t.Errorf("applied %v, undone %v, error %q", f.AppliedS, f.UndoneS, f.Error)
			}
			// The connections that are there are kept and are enough: kinds that need one to begin or to end meet none.
			if quiet := []string{"slow_accept", "slow_close", "dns", "connection_limit"}; !f.Receipt.Met && !slices.Contains(quiet, kind.Word) {
				t.Errorf("no traffic met it")
			}
			for _, c := range r.Checks {
				if !c.OK && c.Name != "receipt" {
					t.Errorf("%s: %s", c.Name, c.Text)
				}
			}
			last := r.Phases[2]
			for _, one := range last.Requests {
				if share := float64(one.OK) / float64(one.Sent); share < .9 { // what was held at the end of the fault may fail
					t.Errorf("after it %.1f%% of %s are ok: %v", 100*share, one.Request, one.Errors)
				}
			}
			t.Logf("%s: %s; ill %+v", f.Text, f.Receipt.Text, r.Phases[1].Requests[1].Errors)
		})
	}
}

// Who has a connection does not feel that names are not found, and who needs one fails with a class of its own; a limit of connections
// turns away what is over it.
func TestLookupsAndConnectionsOfUsers(t *testing.T) {
	for name, c := range map[string]struct{ faults, class, receipt string }{
		"dns":              {"{dns: nxdomain, on: users -> edge}, {reset: users -> edge, connections: open, for: 100ms}", "dns", "lookups by users met it"},
		"connection limit": {"{connection_limit: 1, on: users -> edge}, {latency: 300ms, on: orders -> payments}", "reset", "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := language.Parse("x.yaml", fmt.Appendf(nil, everyKind, c.faults), "")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Plan(1)
			if err != nil {
				t.Fatal(err)
			}
			r := carryOut(t, &virtual.Engine{}, p, load.New(load.Options{}))
			f, ill := r.Faults[0], r.Phases[1].Requests[0].Errors
			if !f.Receipt.Met || !strings.Contains(f.Receipt.Text, c.receipt) || ill[c.class] < 10 {
				t.Errorf("receipt %q, errors %v", f.Receipt.Text, ill)
			}
			if before := r.Phases[0].Requests[0]; before.OK != before.Sent {
				t.Errorf("before: %+v", before)
			}
		})
	}
}

// today leaves three of four to another day, with -short always, as under the race detector, which takes ten times as long.
func today(t *testing.T, n int) {
	t.Helper()
	if testing.Short() {
		breadth.OneIn(t, n, 4)
	}
	breadth.Today(t, n, 4)
}
