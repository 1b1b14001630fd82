package scenarios

import (
	"fmt"
)

// checks looks at the health checks of a node, and of its steps.
func (v *validator) checks(n *Node) {
	for _, c := range v.connections {
		if to := v.node(c.To); c.From == n.Name && to != nil && to.Kind != KindDatabase {
			v.check(n.HealthCheck, c.To, At("topology", n.Name))
		}
	}
	n.eachStep(func(s *Step, at Path) {
		if s.HealthCheck != nil && s.Call == nil && (s.Read != "" || s.Write != "") {
			v.problem(at.Key("health_check"), "health_check is for nodes that answer HTTP", "put it on a call, or take it away")
		}
		if s.Call != nil {
			v.check(s.HealthCheck, s.Call.Node, at)
		}
	})
}

func (v *validator) check(h *HealthCheck, of string, at Path) {
	if h == nil || h.Path == "" {
		return
	}
	at = at.Key("health_check", "path")
	if what, fix := checkMatch("GET "+h.Path, true); what != "" {
		v.problem(at, what, fix)
	} else if ok, what, fix := v.answered(of, "GET", h.Path); !ok {
		v.problem(at, fmt.Sprintf("nothing answers GET %s on %q: %s", shorten(h.Path), of, what), fix)
	}
}
