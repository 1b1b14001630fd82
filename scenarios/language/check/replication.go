package check

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/source"
)

// The bounds of a lease.
const (
	shortestLease = 300 * time.Millisecond
	longestLease  = time.Second
)

// replication checks that the keys of a database and its primary go together.
func (v *Checker) replication(n *scenarios.Node) {
	at := func(key string) scenarios.Path { return scenarios.At("topology", n.Name, key) }
	if n.ReplicaOf == "" {
		v.primary(n, at)
		return
	}
	primary := v.node(n.ReplicaOf)
	switch {
	case primary == nil:
	case primary == n:
		v.Problem(at("replica_of"), fmt.Sprintf("%q is to be a replica of itself", n.Name), "name its primary")
	case primary.External != nil:
		v.Problem(at("replica_of"), fmt.Sprintf("%q is external, and replica_of is for the built-in database", primary.Name), "let both be built in")
	case primary.Image == "" && n.Image != "":
		v.Problem(at("replica_of"), fmt.Sprintf("%q runs an image and its primary %q is built in", n.Name, primary.Name), "let both be built in, or both run the same image")
	case primary.Image != "" && n.Image == "":
		v.Problem(at("replica_of"), fmt.Sprintf("%q runs an image and its replica %q is built in", primary.Name, n.Name), "give it image: "+source.Shorten(primary.Image)+", or let both be built in")
	case primary.Image != "" && primary.Speaks() != parts.SpeaksPostgres:
		v.Problem(at("replica_of"), fmt.Sprintf("%q is not PostgreSQL, whose replicas alone can be set up", primary.Name), "let both be part: postgres or built in, or let the image replicate by itself")
	case primary.Kind != scenarios.KindDatabase:
		v.Problem(at("replica_of"), fmt.Sprintf("%q is a %s and has no replicas", primary.Name, primary.Kind), "name a database")
	case primary.ReplicaOf != "":
		v.Problem(at("replica_of"), fmt.Sprintf("%q is a replica itself", primary.Name), fmt.Sprintf("name its primary, %s", primary.ReplicaOf))
	case primary.Replicas > 1:
		v.Problem(at("replica_of"), fmt.Sprintf("%q has %d instances, each with data of its own", primary.Name, primary.Replicas), "let a primary be one: leave its replicas out")
	}
	if n.Mode != "" || n.Sync > 0 || n.Lease > 0 {
		key := "replication"
		if n.Mode == "" {
			key = "sync"
		}
		if n.Mode == "" && n.Sync == 0 {
			key = "lease"
		}
		v.Problem(at(key), fmt.Sprintf("%s is the primary's to say, and %q is a replica", key, n.Name), "put it on "+n.ReplicaOf)
	}
}

// primary checks what only a database with replicas, or only one without a primary, can say.
func (v *Checker) primary(n *scenarios.Node, at func(string) scenarios.Path) {
	switch {
	case n.Lag > 0:
		v.Problem(at("lag"), fmt.Sprintf("lag is for a replica, and %q is none", n.Name), "add replica_of: NODE, or take it away")
	case n.Mode != "" && n.Followers == 0 && !v.Report.Full():
		v.Problem(at("replication"), fmt.Sprintf("no database is a replica of %q", n.Name), "add one with replica_of: "+n.Name)
	case n.Sync > 0 && n.Mode != scenarios.ReplicationSync:
		v.Problem(at("sync"), "sync is for replication: sync", "add replication: sync, or take it away")
	case n.Lease > 0 && n.Followers == 0 && !v.Report.Full():
		v.Problem(at("lease"), fmt.Sprintf("no database is a replica of %q", n.Name), "add one with replica_of: "+n.Name)
	case n.Lease > 0 && (n.Lease < shortestLease || n.Lease > longestLease):
		v.Problem(at("lease"), fmt.Sprintf("a lease of %s", n.Lease), fmt.Sprintf("use %s to %s: replicas speak ten times a second, and a promotion waits for it", shortestLease, longestLease))
	case n.Sync > n.Followers && n.Followers > 0:
		v.Problem(at("sync"), fmt.Sprintf("%d replicas are to have each write, and there are %d", n.Sync, n.Followers), "use less, or add replicas")
	}
}
