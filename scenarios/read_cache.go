package scenarios

import "time"

// ReadCache is the cache-aside of one read: look there first, else read and keep.
type ReadCache struct {
	TTL      time.Duration `yaml:"ttl" need:"yes" sign:"positive" json:"ttl" doc:"How long what was read is kept."`
	Size     int           `yaml:"size" min:"1" json:"size,omitempty" doc:"The most keys kept, the least recently used goes. Default 10000."`
	Coalesce bool          `yaml:"coalesce" json:"coalesce,omitempty" doc:"Concurrent misses of one key make one read."`
	Early    string        `yaml:"early" enum:"none,xfetch" json:"early,omitempty" doc:"none (default); xfetch: a hit may read anew before it expires, the likelier the nearer that is and the longer a read takes, so that few ever miss."`
	Beta     float64       `yaml:"beta" sign:"positive" json:"beta,omitempty" doc:"xfetch: more than 1 (the default) reads earlier; e^(1/beta) reads are made for each expiry."`
	Fill     string        `yaml:"fill" enum:"aside,through" json:"fill,omitempty" doc:"aside (default): kept is what arrives while its asker waits; through: the read goes on when its asker has left, and is kept."`
}

// cached checks what the types of a read's cache can't say.
func (v *validator) cached(s *Step, at []any) {
	if c := s.Cache; c != nil && c.Beta > 0 && c.Early != "xfetch" {
		v.problem(extend(at, "cache", "beta"), "beta is for early: xfetch", "add early: xfetch, or take it away")
	}
}
