package virtual_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// lossOfPrimary cuts a replica off, kills its primary so long after that, for good, and promotes the replica: with 100 writes a second.
func lossOfPrimary(t *testing.T, replication string, after time.Duration) *record.Result {
	t.Helper()
	s, err := language.Parse("x.yaml", fmt.Appendf(nil, `
scenario: loss
topology:
  orders: {kind: service, timeout: 1s, endpoints: {"POST /{id}": [{write: db}]}}
  db: {kind: database, replication: %s}
  standby: {kind: database, replica_of: db}
load: {users: {to: orders, rate: 100/s, requests: [{send: "POST /{id}"}]}}
phases:
  - {name: steady, for: 5s}
  - name: lost
    for: 5s
    faults:
      - {blackhole: standby -> db}
      - {crash: db, at: %s}
      - {promote: standby-1, at: 2s}
`, replication, after), "")
	if err != nil {
		t.Fatal(err)
	}
	return conduct(t, s.Scenario, 1)
}

// Domain D9: with asynchronous replication the loss of a primary loses what was acknowledged and had not reached the replica:
// lag times the rate of writes, 200 ms of 100/s is 20. With synchronous replication it loses nothing, and nothing is
// acknowledged that could be lost.
func TestLossOfPrimary(t *testing.T) {
	for _, lag := range []time.Duration{200 * time.Millisecond, time.Second} {
		async, sync := lossOfPrimary(t, "async", lag), lossOfPrimary(t, "sync", lag)
		if want := int64(lag / (10 * time.Millisecond)); async.Writes.Lost < want-1 || async.Writes.Lost > want+1 || !async.Writes.Checked {
			t.Errorf("async, %s behind: %+v, want %d lost", lag, async.Writes, want)
		}
		if sync.Writes.Lost != 0 || !sync.Writes.Checked || sync.Writes.Acknowledged < 500 || sync.Writes.Acknowledged >= async.Writes.Acknowledged {
			t.Errorf("sync, %s behind: %+v, want none lost, and fewer than %d acknowledged", lag, sync.Writes, async.Writes.Acknowledged)
		}
	}
}

// A synchronous write takes one round trip to the replica longer: the latency of its connection each way.
func TestSyncCostsARoundTrip(t *testing.T) {
	for _, replication := range []string{"async", "sync"} {
		s, err := language.Parse("x.yaml", fmt.Appendf(nil, `
scenario: round trip
topology:
  orders: {kind: service, endpoints: {"POST /{id}": [{write: db}]}}
  db: {kind: database, replication: %s, region: here}
  standby: {kind: database, replica_of: db, region: there}
links: [{between: [here, there], latency: 30ms}]
load: {users: {to: orders, rate: 20/s, requests: [{send: "POST /{id}"}]}}
phases: [{name: steady, for: 5s}]
`, replication), "")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"async": 0, "sync": 60}[replication]
		if got := conduct(t, s.Scenario, 1).Phases[0].Requests[0].LatencyMs; got.P50 < want || got.P50 > want+1 || got.Max > want+2 {
			t.Errorf("%s: %+v, want %gms", replication, got, want)
		}
	}
}
