package scenarios

import "time"

// ReplicationSync is the word for a primary that acknowledges a write once its replicas have it.
const ReplicationSync = "sync"

// Replication says whose copy a database is, or how a primary and its copies keep together. Its zero value is a
// database of its own whose replicas, if it has any, follow when they can.
type Replication struct {
	// database: the primary that this one copies, over a connection of its own. It answers reads and refuses
	// writes (25006) until it is promoted. Where both are PostgreSQL's image it is a standby: it takes a base backup
	// when it first starts and streams the primary's log, both over its edge to it.
	ReplicaOf string `yaml:"replica_of" json:"replica_of,omitempty"`
	// database with replica_of: what was written shows here so long after it was committed, and no sooner
	// (recovery_min_apply_delay). Default as soon as it arrives.
	Lag time.Duration `yaml:"lag" sign:"positive" json:"lag,omitempty"`
	// database: async (default): a write is acknowledged when the primary has it on disk; sync: when its replicas
	// have too. While they can't, writes wait for as long as their callers do.
	Mode string `yaml:"replication" enum:"async,sync" json:"replication,omitempty"`
	// replication: sync: how many replicas must have a write. Default all of them.
	Sync int `yaml:"sync" min:"1" json:"sync,omitempty"`
	// database with replicas: fences a primary that has lost touch. It takes writes only while it has heard from
	// every replica within this time, and a promoted replica waits for as long before it takes any: no two ever do
	// at once. Default none: an old primary takes writes until it is told of the promotion.
	Lease time.Duration `yaml:"lease" sign:"positive" json:"lease,omitempty"`

	// Followers is how many replicas a primary has, all nodes' together: said by the others' replica_of.
	Followers int `yaml:"-" json:"followers,omitempty"`
	// PrimaryLease is the lease of a replica's primary.
	PrimaryLease time.Duration `yaml:"-" json:"primary_lease,omitempty"`
	// PrimaryDSN is what a real replica's primary is logged in to with: a standby has its primary's users.
	PrimaryDSN string `yaml:"-" json:"-"`
}
