package scenarios

import (
	"fmt"
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

// cached checks what the types of a step's cache can't say.
func (v *validator) cached(s *Step, at []any) {
	c := s.Cache
	if c == nil {
		return
	}
	at = extend(at, "cache")
	if c.Beta > 0 && c.Early != "xfetch" {
		v.problem(extend(at, "beta"), "beta is for early: xfetch", "add early: xfetch, or take it away")
	}
	if s.Call != nil && s.Call.Method != "GET" && s.Call.Method != "HEAD" && s.Call.Method != "" {
		v.problem(at, fmt.Sprintf("a %s is not cached", s.Call.Method), "cache GET, HEAD and read alone; take it away")
	}
	if c.LastGood && c.StaleIfError > 0 {
		v.problem(extend(at, "stale_if_error"), "last_good serves for as long as the source fails", "keep one of them")
	}
	if c.Stale > 0 && c.Lease == 0 && v.valueAt(extend(at, "lease")) == nil {
		v.problem(extend(at, "stale"), "stale is for those who wait for a lease", "add lease: 10s, or take it away")
	}
	for _, key := range []struct {
		name   string
		given  bool
		shared bool
	}{
		{"size", c.Size > 0, false}, {"early", c.Early == "xfetch", false}, {"stale_if_error", c.StaleIfError > 0, false}, {"last_good", c.LastGood, false},
		{"timeout", c.Timeout > 0, true}, {"lease", c.Lease > 0, true},
	} {
		switch {
		case key.given && key.shared && c.In == "" && v.valueAt(extend(at, "in")) == nil:
			v.problem(extend(at, key.name), key.name+" is for a cache that is shared", "add in: NODE, a node of kind cache")
		case key.given && !key.shared && c.In != "" && key.name == "size":
			v.problem(extend(at, key.name), "how much a shared cache keeps is its node's to say", fmt.Sprintf("give %q the size", c.In))
		case key.given && !key.shared && c.In != "":
			v.problem(extend(at, key.name), key.name+" is for a cache in the memory of each instance", "take it or in away")
		}
	}
	if n := v.exists(c.In, extend(at, "in")); n != nil && n.Kind != KindCache && n.Kind != "" {
		v.problem(extend(at, "in"), fmt.Sprintf("in needs a cache, and %q is a %s", n.Name, n.Kind), "name a node of kind cache")
	}
}

// unasked reports a cache where somebody is named who is to answer HTTP, or to be read or written.
func (v *validator) unasked(n *Node, at []any) bool {
	if n == nil || n.Kind != KindCache {
		return false
	}
	v.problem(at, fmt.Sprintf("%q is a cache, and only keeps what others read", n.Name), fmt.Sprintf("let a service use it: read: DATABASE with cache: {in: %s, ttl: 60s}", n.Name))
	return true
}
