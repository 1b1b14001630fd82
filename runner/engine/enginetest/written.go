package enginetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"

	"net"
)

// plantedWrites is a service that acknowledges every order and makes no row of each tenth, and two rows of another tenth. Both
// loads write the same; one is read back by SQL, the other over HTTP.
const plantedWrites = `
scenario: planted-writes
topology:
  shop:
    kind: service
    endpoints:
      POST /orders/{id}:
%s
      GET /orders: [{read: db, list: true}]
      GET /orders/{id}: [{read: db, absent: 404}]
  db: {kind: database}
load:
  by-sql:
    to: shop
    rate: 50/s
    tenant: {sequence: true, of: 10}
    requests: [{send: "POST /orders/{write}", write: {key: "{n}", read: {send: "GET /orders/{write}"}}}]
    read_back: {sql: db, query: SELECT key FROM squall_writes ORDER BY at, ordered: true, within: 10ms}
  by-http:
    to: shop
    rate: 50/s
    tenant: {sequence: true, of: 10}
    requests: [{send: "POST /orders/{write}", write: {}}]
    read_back: {http: shop, send: GET /orders, ids: "$[*].key", within: 10ms}
warm_up: 0s
phases:
  - {name: first, for: 2s}
  - {name: second, for: 2s}
`

// PlantedWrites runs a service with losses and copies of known number, which the accounts of both loads must have to the write, in
// each phase, with their ids; and the look of each user at its own write shows the same.
func PlantedWrites(t *testing.T, e runner.Engine) {
	t.Helper()
	var steps strings.Builder
	for tenant := 1; tenant <= 9; tenant++ { // none for the tenth
		fmt.Fprintf(&steps, "        - {write: db, when: {tenant: %q}}\n", fmt.Sprint(tenant))
	}
	steps.WriteString("        - {write: db, when: {tenant: \"2\"}}\n")
	result := runText(t, e, "planted", fmt.Appendf(nil, plantedWrites, steps.String()), func(o *runner.Options) {
		o.ReadWritten = readback.Read
		o.ReadWrites = func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadBack(ctx, dial, i.Node)
		}
	})
	w := result.Writes
	if !w.Checked || len(w.Loads) != 2 {
		t.Fatalf("checked %v (%s), %d accounts", w.Checked, w.Why, len(w.Loads))
	}
	for n, one := range w.Loads {
		if one.Counts.Intended != 200 || one.Counts.Acknowledged != 200 {
			t.Fatalf("%s: %+v, want 200 acknowledged", one.Load, one.Counts)
		}
		lost, copies, stale := int64(0), int64(0), int64(0)
		for _, x := range result.Written {
			if x.Load == one.Load {
				lost += boolean(x.Seq%10 == 9)
				copies += boolean(x.Seq%10 == 1)
				stale += boolean(x.Read == record.ReadStale)
				if x.Read != "" && (x.Read == record.ReadStale) != x.Lost { // what comes after the end is not looked at
					t.Errorf("%s: write %d: lost %v, and its user saw it %s", one.Load, x.Seq, x.Lost, x.Read)
				}
				if x.Lost != (x.Seq%10 == 9) {
					t.Errorf("%s: write %d (%s): lost %v", one.Load, x.Seq, x.ID, x.Lost)
				}
			}
		}
		if *one.Counts.Lost != lost || *one.Counts.Duplicated != copies || lost == 0 || copies == 0 {
			t.Errorf("%s: %d lost and %d copies, planted %d and %d", one.Load, *one.Counts.Lost, *one.Counts.Duplicated, lost, copies)
		}
		sum := record.WriteCounts{}
		for _, phase := range one.Phases {
			sum.Acknowledged += phase.Counts.Acknowledged
		}
		if len(one.Phases) != 2 || sum.Acknowledged != 200 || one.Phases[0].Counts.Acknowledged != 100 {
			t.Errorf("%s: phases %+v", one.Load, one.Phases)
		}
		if ordered := one.Counts.Reordered != nil; ordered != (n == 0) || ordered && *one.Counts.Reordered != 0 {
			t.Errorf("%s: reordered %v", one.Load, one.Counts.Reordered)
		}
		if looks := one.Counts.Reads != nil; looks != (n == 0) || looks && (*one.Counts.StaleReads != stale || *one.Counts.Reads < 190) {
			t.Errorf("%s: looks %+v, want %d stale", one.Load, one.Counts, stale)
		}
	}
	inPhases := int64(400) // there is no warm-up
	want := record.Writes{Acknowledged: 400, InPhases: &inPhases, Checked: true, Lost: *w.Loads[0].Counts.Lost + *w.Loads[1].Counts.Lost,
		Duplicated: *w.Loads[0].Counts.Duplicated + *w.Loads[1].Counts.Duplicated, Reordered: new(int64), Loads: w.Loads, Sample: w.Sample}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("all writes (-want +got):\n%s", diff)
	}
}

func boolean(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
