package virtual_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/scenarios/language"
)

// A machine's own costs are exactly what was said: a hop for each edge that a request crosses, and a sync for each
// write that waits for one.
func TestMachineCosts(t *testing.T) {
	s, err := language.Parse("x.yaml", []byte(`
scenario: costs
topology:
  shop: {kind: service, endpoints: {GET /nothing: [], GET /read: [{read: db}], POST /write: [{write: db}]}}
  db: {kind: database}
load: {users: {to: shop, rate: 20/s, requests: [{send: GET /nothing}, {send: GET /read}, {send: POST /write}]}}
phases: [{name: steady, for: 10s}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	r := conductOn(t, &virtual.Engine{Hop: 10 * time.Millisecond, Sync: 5 * time.Millisecond}, s.Scenario, 1, load.New(load.Options{}))
	got := map[string]float64{}
	for _, q := range r.Phases[0].Requests {
		got[q.Request] = q.LatencyMs.P50
	}
	want := map[string]float64{"GET /nothing": 10, "GET /read": 20, "POST /write": 25}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("medians in ms (-want +got):\n%s", diff)
	}
}
