package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// queueDiscipline checks that the keys of a service's queue go together.
func (v *Checker) queueDiscipline(n *scenarios.Node) {
	at := func(key string) scenarios.Path { return scenarios.At("topology", n.Name, key) }
	switch {
	case n.Discipline == "deadline" && n.MaxWait == 0:
		v.Problem(at("discipline"), fmt.Sprintf("service %q drops by deadline, and has none", n.Name), "add max_wait: 800ms, less than its callers wait")
	case n.MaxWait > 0 && n.Discipline != "deadline" && n.Discipline != "codel":
		v.Problem(at("max_wait"), "max_wait is for a discipline that drops", "add discipline: deadline, or codel")
	case n.TargetWait > 0 && n.Discipline != "codel":
		v.Problem(at("target_wait"), "target_wait is for discipline: codel", "add discipline: codel, or take it away")
	case n.Discipline != "" && n.Queue != nil && *n.Queue == 0:
		v.Problem(at("discipline"), "there is no queue to have a discipline", "let queue be more than 0, or take the discipline away")
	}
	if n.TargetWait > 0 && n.MaxWait > 0 && n.TargetWait >= n.MaxWait {
		v.Problem(at("target_wait"), fmt.Sprintf("a target_wait of %s is not less than the max_wait of %s", n.TargetWait, n.MaxWait), "let it be a small part of max_wait")
	}
}

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
