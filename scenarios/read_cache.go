package scenarios

import (
	"time"
)

// ReadCache is the cache-aside of one read or call: look there first, else ask and keep. It is in the memory of each
// instance, or, with In, in a cache node that all of them share.
type ReadCache struct {
	TTL      time.Duration `yaml:"ttl" need:"yes" sign:"positive" json:"ttl" doc:"How long what was read is kept."`
	Size     int           `yaml:"size" min:"1" json:"size,omitempty" doc:"The most keys kept, the least recently used goes. Default 10000."`
	Coalesce bool          `yaml:"coalesce" json:"coalesce,omitempty" doc:"Concurrent misses of one key make one read."`
	Early    string        `yaml:"early" enum:"none,xfetch" json:"early,omitempty" doc:"none (default); xfetch: a hit may read anew before it expires, the likelier the nearer that is and the longer a read takes, so that few ever miss."`
	Beta     float64       `yaml:"beta" sign:"positive" json:"beta,omitempty" doc:"xfetch: more than 1 (the default) reads earlier; e^(1/beta) reads are made for each expiry."`
	Fill     string        `yaml:"fill" enum:"aside,through" json:"fill,omitempty" doc:"aside (default): kept is what arrives while its asker waits; through: the read goes on when its asker has left, and is kept."`

	StaleIfError time.Duration `yaml:"stale_if_error" json:"stale_if_error,omitempty" doc:"How long past its ttl a copy may be served, degraded, when the source fails."`
	LastGood     bool          `yaml:"last_good" json:"last_good,omitempty" doc:"Past its ttl a copy is served at once, and as a whole answer, while one request at a time asks for a newer one: the last known good of what changes seldom, such as configuration, discovery or keys."`

	In      string        `yaml:"in" json:"in,omitempty" doc:"The cache node that keeps it, for all instances. Default the memory of each instance."`
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty" doc:"in: the longest the cache may take; one that fails is a miss. Default the node's timeout."`
	Lease   time.Duration `yaml:"lease" sign:"positive" json:"lease,omitempty" doc:"in: of those who miss a key one in so long may fill it, the others wait for that; and what was read is not kept if its key was written meanwhile."`
	Stale   time.Duration `yaml:"stale" sign:"positive" json:"stale,omitempty" doc:"lease: how long past its ttl, or after its key was written, a copy is served at once to those who would wait."`
}

// Keeping is how much a cache node keeps.
type Keeping struct {
	Size int `yaml:"size" min:"1" json:"size,omitempty" doc:"cache: the most keys that each instance keeps, the least recently used goes. Default 10000."`
}
