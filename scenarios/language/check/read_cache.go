package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// cached checks what the types of a step's cache can't say.
func (v *Checker) cached(s *scenarios.Step, at scenarios.Path) {
	c := s.Cache
	if c == nil {
		return
	}
	at = at.Key("cache")
	if c.Beta > 0 && c.Early != "xfetch" {
		v.Problem(at.Key("beta"), "beta is for early: xfetch", "add early: xfetch, or take it away")
	}
	if s.Call != nil && s.Call.Method != "GET" && s.Call.Method != "HEAD" && s.Call.Method != "" {
		v.Problem(at, fmt.Sprintf("a %s is not cached", s.Call.Method), "cache GET, HEAD and read alone; take it away")
	}
	if c.LastGood && c.StaleIfError > 0 {
		v.Problem(at.Key("stale_if_error"), "last_good serves for as long as the source fails", "keep one of them")
	}
	if c.Stale > 0 && c.Lease == 0 && v.valueAt(at.Key("lease")) == nil {
		v.Problem(at.Key("stale"), "stale is for those who wait for a lease", "add lease: 10s, or take it away")
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
		case key.given && key.shared && c.In == "" && v.valueAt(at.Key("in")) == nil:
			v.Problem(at.Key(key.name), key.name+" is for a cache that is shared", "add in: NODE, a node of kind cache")
		case key.given && !key.shared && c.In != "" && key.name == "size":
			v.Problem(at.Key(key.name), "how much a shared cache keeps is its node's to say", fmt.Sprintf("give %q the size", c.In))
		case key.given && !key.shared && c.In != "":
			v.Problem(at.Key(key.name), key.name+" is for a cache in the memory of each instance", "take it or in away")
		}
	}
	if n := v.node(c.In); n != nil && n.Kind != scenarios.KindCache && n.Kind != "" {
		v.Problem(at.Key("in"), fmt.Sprintf("in needs a cache, and %q is a %s", n.Name, n.Kind), "name a node of kind cache")
	}
}
