package scenarios

import (
	"fmt"
	"time"
)

// ReplicationSync is the word for a primary that acknowledges a write once its replicas have it.
const ReplicationSync = "sync"

// The bounds of a lease.
const (
	shortestLease = 300 * time.Millisecond
	longestLease  = time.Second
)

// Replication says whose copy a database is, or how a primary and its copies keep together. Its zero value is a
// database of its own whose replicas, if it has any, follow when they can.
type Replication struct {
	ReplicaOf string        `yaml:"replica_of" json:"replica_of,omitempty" doc:"database: the primary that this one copies, over a connection of its own. It answers reads and refuses writes (25006) until it is promoted."`
	Lag       time.Duration `yaml:"lag" sign:"positive" json:"lag,omitempty" doc:"database with replica_of: what was written shows here so long after it was committed, and no sooner (recovery_min_apply_delay). Default as soon as it arrives."`
	Mode      string        `yaml:"replication" enum:"async,sync" json:"replication,omitempty" doc:"database: async (default): a write is acknowledged when the primary has it on disk; sync: when its replicas have too. While they can't, writes wait for as long as their callers do."`
	Sync      int           `yaml:"sync" min:"1" json:"sync,omitempty" doc:"replication: sync: how many replicas must have a write. Default all of them."`
	Lease     time.Duration `yaml:"lease" sign:"positive" json:"lease,omitempty" doc:"database with replicas: fences a primary that has lost touch. It takes writes only while it has heard from every replica within this time, and a promoted replica waits for as long before it takes any: no two ever do at once. Default none: an old primary takes writes until it is told of the promotion."`

	// Followers is how many replicas a primary has, all nodes' together: said by the others' replica_of.
	Followers int `yaml:"-" json:"followers,omitempty"`
	// PrimaryLease is the lease of a replica's primary.
	PrimaryLease time.Duration `yaml:"-" json:"primary_lease,omitempty"`
}

// follow counts each primary's replicas.
func (s *Scenario) follow() {
	for _, n := range s.Nodes {
		n.Followers = 0
	}
	for _, n := range s.Nodes {
		if primary := s.Node(n.ReplicaOf); n.ReplicaOf != "" && primary != nil {
			primary.Followers += max(n.Replicas, 1)
			n.PrimaryLease = primary.Lease
		}
	}
}

// ReplicasOf are the nodes that copy a database.
func (s *Scenario) ReplicasOf(primary string) []*Node {
	var out []*Node
	for _, n := range s.Nodes {
		if n.ReplicaOf != "" && n.ReplicaOf == primary {
			out = append(out, n)
		}
	}
	return out
}

// replication checks that the keys of a database and its primary go together.
func (v *validator) replication(n *Node) {
	at := func(key string) []any { return path("topology", n.Name, key) }
	if n.ReplicaOf == "" {
		v.primary(n, at)
		return
	}
	primary := v.exists(n.ReplicaOf, at("replica_of"))
	switch {
	case primary == nil:
	case primary == n:
		v.problem(at("replica_of"), fmt.Sprintf("%q is to be a replica of itself", n.Name), "name its primary")
	case primary.Image != "":
		v.problem(at("replica_of"), fmt.Sprintf("%q runs an image, and replica_of is for the built-in database", primary.Name), "let both be built in, or let the image replicate by itself")
	case primary.Kind != KindDatabase:
		v.problem(at("replica_of"), fmt.Sprintf("%q is a %s and has no replicas", primary.Name, primary.Kind), "name a database")
	case primary.ReplicaOf != "":
		v.problem(at("replica_of"), fmt.Sprintf("%q is a replica itself", primary.Name), fmt.Sprintf("name its primary, %s", primary.ReplicaOf))
	case primary.Replicas > 1:
		v.problem(at("replica_of"), fmt.Sprintf("%q has %d instances, each with data of its own", primary.Name, primary.Replicas), "let a primary be one: leave its replicas out")
	}
	if n.Mode != "" || n.Sync > 0 || n.Lease > 0 {
		key := "replication"
		if n.Mode == "" {
			key = "sync"
		}
		if n.Mode == "" && n.Sync == 0 {
			key = "lease"
		}
		v.problem(at(key), fmt.Sprintf("%s is the primary's to say, and %q is a replica", key, n.Name), "put it on "+n.ReplicaOf)
	}
}

// primary checks what only a database with replicas, or only one without a primary, can say.
func (v *validator) primary(n *Node, at func(string) []any) {
	switch {
	case n.Lag > 0:
		v.problem(at("lag"), fmt.Sprintf("lag is for a replica, and %q is none", n.Name), "add replica_of: NODE, or take it away")
	case n.Mode != "" && n.Followers == 0 && !v.decoder.full():
		v.problem(at("replication"), fmt.Sprintf("no database is a replica of %q", n.Name), "add one with replica_of: "+n.Name)
	case n.Sync > 0 && n.Mode != ReplicationSync:
		v.problem(at("sync"), "sync is for replication: sync", "add replication: sync, or take it away")
	case n.Lease > 0 && n.Followers == 0 && !v.decoder.full():
		v.problem(at("lease"), fmt.Sprintf("no database is a replica of %q", n.Name), "add one with replica_of: "+n.Name)
	case n.Lease > 0 && (n.Lease < shortestLease || n.Lease > longestLease):
		v.problem(at("lease"), fmt.Sprintf("a lease of %s", n.Lease), fmt.Sprintf("use %s to %s: replicas speak ten times a second, and a promotion waits for it", shortestLease, longestLease))
	case n.Sync > n.Followers && n.Followers > 0:
		v.problem(at("sync"), fmt.Sprintf("%d replicas are to have each write, and there are %d", n.Sync, n.Followers), "use less, or add replicas")
	}
}
