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
