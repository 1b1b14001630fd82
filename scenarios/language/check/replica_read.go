package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// replicaRead checks that a read's replica is one of the database that it reads.
func (v *Checker) replicaRead(s *scenarios.Step, at scenarios.Path) {
	if s.Read == "" {
		return
	}
	if s.Replica == "" {
		if s.ReadYourWrites {
			v.Problem(at.Key("read_your_writes"), "read_your_writes is for a read from a replica", "add replica: NODE; what is read from the primary is there at once")
		}
		return
	}
	replica, primary := v.node(s.Replica), v.node(s.Read)
	if replica == nil || primary == nil || replica.Kind != scenarios.KindDatabase || replica.ReplicaOf == primary.Name {
		return // what is not there, or no database, is told where it is named
	}
	fix := source.DidYouMean(s.Replica, nodeNames(v.ReplicasOf(primary.Name)), "its replicas")
	if len(v.ReplicasOf(primary.Name)) == 0 {
		fix = "add replica_of: " + primary.Name + " to it"
	}
	v.Problem(at.Key("replica"), fmt.Sprintf("%q is no replica of %q", replica.Name, primary.Name), fix)
}

func nodeNames(nodes []*scenarios.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return names
}

// rowRead checks that a read that lists rows has nothing that is for one row.
func (v *Checker) rowRead(s *scenarios.Step, at scenarios.Path) {
	if s.Read != "" && s.Absent != 0 && s.Cache != nil {
		v.Problem(at.Key("absent"), "what a cache has is not told apart from what is not there", "leave out cache, or absent")
	}
	if s.Read == "" || !s.List {
		return
	}
	switch {
	case s.Cache != nil:
		v.Problem(at.Key("cache"), "a list of all rows is not kept in a cache", "leave out cache, or list")
	case s.Absent != 0:
		v.Problem(at.Key("absent"), "a list is there even where there is no row", "leave out absent, or list")
	case s.Cost != nil:
		v.Problem(at.Key("cost"), "a list costs what its rows do", "leave out cost, or list")
	case s.Replica != "":
		v.Problem(at.Key("replica"), "a list is read from the database that it names", "name the replica in read, or leave out list")
	}
}
