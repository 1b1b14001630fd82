package scenarios

import (
	"time"
)

// ReadCache is the cache-aside of one read or call: look there first, else ask and keep. It is in the memory of each
// instance, or, with In, in a cache node that all of them share.
type ReadCache struct {
	// How long what was read is kept.
	TTL time.Duration `yaml:"ttl" need:"yes" sign:"positive" json:"ttl"`
	// The most keys kept, the least recently used goes. Default 10000.
	Size int `yaml:"size" min:"1" json:"size,omitempty"`
	// Concurrent misses of one key make one read.
	Coalesce bool `yaml:"coalesce" json:"coalesce,omitempty"`
	// none (default); xfetch: a hit may read anew before it expires, the likelier the nearer that is and the
	// longer a read takes, so that few ever miss.
	Early string `yaml:"early" enum:"none,xfetch" json:"early,omitempty"`
	// xfetch: more than 1 (the default) reads earlier; e^(1/beta) reads are made for each expiry.
	Beta float64 `yaml:"beta" sign:"positive" json:"beta,omitempty"`
	// aside (default): kept is what arrives while its asker waits; through: the read goes on when its asker has
	// left, and is kept.
	Fill string `yaml:"fill" enum:"aside,through" json:"fill,omitempty"`

	// How long past its ttl a copy may be served, degraded, when the source fails.
	StaleIfError time.Duration `yaml:"stale_if_error" zero:"unset" json:"stale_if_error,omitempty"`
	// Past its ttl a copy is served at once, and as a whole answer, while one request at a time asks for a newer
	// one: the last known good of what changes seldom, such as configuration, discovery or keys.
	LastGood bool `yaml:"last_good" json:"last_good,omitempty"`

	// The cache node that keeps it, for all instances. Default the memory of each instance.
	In string `yaml:"in" json:"in,omitempty"`
	// in: the longest the cache may take; one that fails is a miss. Default the node's timeout.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// in: of those who miss a key one in so long may fill it, the others wait for that; and what was read is not
	// kept if its key was written meanwhile.
	Lease time.Duration `yaml:"lease" sign:"positive" json:"lease,omitempty"`
	// lease: how long past its ttl, or after its key was written, a copy is served at once to those who would
	// wait.
	Stale time.Duration `yaml:"stale" sign:"positive" json:"stale,omitempty"`
}
