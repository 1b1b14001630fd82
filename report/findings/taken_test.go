package findings

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// A scale that leaves some has not taken all, though it names all; a fault over several nodes takes each one's own.
func TestTakenInstances(t *testing.T) {
	t.Parallel()
	d := &diagnosis{r: &record.Result{Nodes: []record.Node{
		{Name: "shop", Instance: "shop-1"}, {Name: "shop", Instance: "shop-2"}, {Name: "shop", Instance: "shop-3"}, {Name: "db", Instance: "db-1"},
	}}}
	shops := []string{"shop-1", "shop-2", "shop-3"}
	for _, c := range []struct {
		fault record.Fault
		want  int
	}{
		{record.Fault{Kind: "scale", Text: "scale to 1", Instances: shops}, 2},
		{record.Fault{Kind: "scale", Text: "scale to 0 untold", Instances: shops}, 3},
		{record.Fault{Kind: "crash", Text: "crash", Instances: []string{"shop-2"}}, 1},
		{record.Fault{Kind: "outage", Text: "outage", Instances: append([]string{"db-1"}, shops...)}, 3},
		{record.Fault{Kind: "machine_drain", Text: "machine drain", Instances: []string{"db-1"}, Receipt: record.Receipt{Did: []record.Deed{
			{Instance: "db-1", What: "drained"}, {Instance: "shop-1", What: "drained"}, {Instance: "shop-3", What: "drained"},
		}}}, 2},
	} {
		if got := d.taken(&c.fault, "shop"); got != c.want {
			t.Errorf("%s of %v took %d of shop, want %d", c.fault.Text, c.fault.Instances, got, c.want)
		}
	}
}

// A database that nothing stands in for is why its callers' users lost, though no pattern of the library would have helped; where something
// else is found, it is not said besides.
func TestALossWithoutARemedyHasACause(t *testing.T) {
	t.Parallel()
	r := patient(t, `{"write": "back"}`)
	r.Design.Nodes[1] = raw(t, `{"name": "back", "kind": "database"}`)
	r.Faults[0].Kind, r.Faults[0].Text = "crash", "crash"
	for i := range r.Phases[1].Edges {
		r.Phases[1].Edges[i].Failures = 25
	}
	r.Phases[1].Requests[1] = answers("bots", "GET /x", 100, 80, 10) // named before the users, who lost less
	found := Find(r)
	if len(found) == 0 || found[0].Kind != "no other way" || found[0].Where != "front -> back" || found[0].Lost != 130 ||
		strings.Join(found[0].Who, ", ") != "bots: GET /x, users: GET /x" {
		t.Errorf("found %+v", found)
	}
}
