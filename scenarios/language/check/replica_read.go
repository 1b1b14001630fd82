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
