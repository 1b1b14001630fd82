package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// shed checks that a bound is a number or adaptive, and that the keys of one are not with the other.
func (v *Checker) shed(n *scenarios.Node) {
	s := n.Shed
	if s == nil {
		return
	}
	at := scenarios.At("topology", n.Name, "shed")
	if s.Adaptive == "" && s.InFlight == 0 && v.valueAt(at.Key("in_flight")) == nil && v.valueAt(at.Key("adaptive")) == nil {
		v.Problem(at, "shed does not say from how many on", "add in_flight: 100, or adaptive: vegas")
	}
	for _, key := range []struct {
		name  string
		given bool
	}{{"least", s.Least > 0}, {"most", s.Most > 0}, {"anew", s.Anew > 0}} {
		if key.given && s.Adaptive == "" && v.valueAt(at.Key("adaptive")) == nil {
			v.Problem(at.Key(key.name), key.name+" is for a bound that is adaptive", "add adaptive: vegas, or take it away")
		}
	}
	if s.Most > 0 && s.Least > s.Most {
		v.Problem(at.Key("least"), fmt.Sprintf("a least of %d is more than a most of %d", s.Least, s.Most), "use less")
	}
	if start := s.InFlight; s.Adaptive != "" && start > 0 && (start < s.Least || s.Most > 0 && start > s.Most) {
		v.Problem(at.Key("in_flight"), fmt.Sprintf("it begins at %d, outside of least and most", start), "let it be between them")
	}
}
