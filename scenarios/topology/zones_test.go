package topology

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
)

// The catalog's four replicas take turns in two zones: each has the links of its own zone, is near to who is in it too, and
// goes with it when it is lost.
func TestReplicasSpreadOverZones(t *testing.T) {
	s := shop()
	s.Node("catalog").Zone, s.Node("catalog").Zones = "", []string{"eu-a", "eu-b"}
	s.Phases[1].Faults = []faults.Fault{{Kind: faults.Pause{}, On: faults.Selector{Zone: "eu-b"}}}
	p := plan(t, s)
	type end struct {
		zone, near string
		latency    time.Duration
	}
	got := map[string]end{}
	for _, e := range p.Edges {
		if from, _ := p.Instance(e.From); from.Node != nil && from.Node.Name == "catalog" {
			got[e.From] = end{from.Zone(), e.Near, e.Latency}
		}
	}
	want := map[string]end{
		"catalog-1": {"eu-a", NearRegion, 3 * time.Millisecond}, "catalog-2": {"eu-b", NearZone, time.Millisecond},
		"catalog-3": {"eu-a", NearRegion, 3 * time.Millisecond}, "catalog-4": {"eu-b", NearZone, time.Millisecond},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(end{})); diff != "" {
		t.Errorf("edges to the database in eu-b (-want +got):\n%s", diff)
	}
	var hit []string
	for _, primitive := range p.Faults[0].Primitives {
		hit = append(hit, primitive.Instance)
	}
	if diff := cmp.Diff([]string{"db-1", "catalog-2", "catalog-4"}, hit); diff != "" {
		t.Errorf("lost with eu-b (-want +got):\n%s", diff)
	}
}
