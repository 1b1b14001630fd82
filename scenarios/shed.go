package scenarios

import (
	"fmt"
	"time"
)

// Shed bounds the requests that a gateway or a service has in flight, those that wait in it included: by a number, or by
// one that follows from what it sees.
type Shed struct {
	InFlight int           `yaml:"in_flight" min:"1" json:"in_flight,omitempty" doc:"The most requests in flight, in each instance; with adaptive: where it begins (default 20)."`
	Adaptive string        `yaml:"adaptive" enum:"vegas" json:"adaptive,omitempty" doc:"vegas: the bound grows while requests take no longer than the fastest ones did, and shrinks as they queue up behind it (TCP Vegas)."`
	Least    int           `yaml:"least" min:"1" json:"least,omitempty" doc:"adaptive: the bound is never less. Default 1."`
	Most     int           `yaml:"most" min:"1" json:"most,omitempty" doc:"adaptive: the bound is never more. Default 1000."`
	Anew     time.Duration `yaml:"anew" sign:"positive" json:"anew,omitempty" doc:"adaptive: how often it forgets how long the fastest ones took and finds that out anew, if need be with 3 in flight for a moment. Default 30s."`
}

// shed checks that a bound is a number or adaptive, and that the keys of one are not with the other.
func (v *validator) shed(n *Node) {
	s := n.Shed
	if s == nil {
		return
	}
	at := path("topology", n.Name, "shed")
	if s.Adaptive == "" && s.InFlight == 0 && v.valueAt(extend(at, "in_flight")) == nil && v.valueAt(extend(at, "adaptive")) == nil {
		v.problem(at, "shed does not say from how many on", "add in_flight: 100, or adaptive: vegas")
	}
	for _, key := range []struct {
		name  string
		given bool
	}{{"least", s.Least > 0}, {"most", s.Most > 0}, {"anew", s.Anew > 0}} {
		if key.given && s.Adaptive == "" && v.valueAt(extend(at, "adaptive")) == nil {
			v.problem(extend(at, key.name), key.name+" is for a bound that is adaptive", "add adaptive: vegas, or take it away")
		}
	}
	if s.Most > 0 && s.Least > s.Most {
		v.problem(extend(at, "least"), fmt.Sprintf("a least of %d is more than a most of %d", s.Least, s.Most), "use less")
	}
	if start := s.InFlight; s.Adaptive != "" && start > 0 && (start < s.Least || s.Most > 0 && start > s.Most) {
		v.problem(extend(at, "in_flight"), fmt.Sprintf("it begins at %d, outside of least and most", start), "let it be between them")
	}
}
