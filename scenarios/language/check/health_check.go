package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// checks looks at the health checks of a node, and of its steps.
func (v *Checker) checks(n *scenarios.Node) {
	for _, c := range v.connections {
		if to := v.node(c.To); c.From == n.Name && to != nil && to.Kind != scenarios.KindDatabase {
			v.check(n.HealthCheck, c.To, scenarios.At("topology", n.Name))
		}
	}
	n.EachStep(func(s *scenarios.Step, at scenarios.Path) {
		if s.HealthCheck != nil && s.Call == nil && s.First() != "" {
			v.Problem(at.Key("health_check"), "health_check is for nodes that answer HTTP", "put it on a call, or take it away")
		}
		if s.Call != nil {
			v.check(s.HealthCheck, s.Call.Node, at)
		}
	})
}

func (v *Checker) check(h *scenarios.HealthCheck, of string, at scenarios.Path) {
	if h == nil || h.Path == "" {
		return
	}
	at = at.Key("health_check", "path")
	if what, fix := grammar.CheckMatch("GET "+h.Path, true); what != "" {
		v.Problem(at, what, fix)
	} else if ok, what, fix := v.answered(of, "GET", h.Path); !ok {
		v.Problem(at, fmt.Sprintf("nothing answers GET %s on %q: %s", source.Shorten(h.Path), of, what), fix)
	}
}
