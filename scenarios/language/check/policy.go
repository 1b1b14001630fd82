package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// policies checks what the keys of a policy say together, on nodes and on steps.
func (v *Checker) policies() {
	for _, n := range v.looked() {
		v.policy(n.Policy, scenarios.At("topology", n.Name))
		for _, s := range n.Subscribers {
			v.policy(s.Policy, scenarios.At("topology", n.Name, "subscribers", s.Name))
		}
		v.checks(n)
		if n.Hedge != nil && n.Hedge.Tied && n.Kind != scenarios.KindService {
			v.Problem(scenarios.At("topology", n.Name, "hedge", "tied"), fmt.Sprintf("tied is for the calls of services, and %q is a %s", n.Name, n.Kind), "take it away")
		}
		n.EachStep(func(s *scenarios.Step, at scenarios.Path) {
			v.policy(s.Policy, at)
			if s.Hedge != nil && s.Hedge.Tied && s.Read+s.SQL != "" {
				v.Problem(at.Key("hedge", "tied"), "a database does not tell when it begins, so that a read can't be tied", "take it away")
			}
			if once := s.Once(); s.Hedge != nil && once != "" {
				v.Problem(at.Key("hedge"), fmt.Sprintf("hedge would do %s twice", once), "hedge GET, HEAD and read alone; take it away")
			}
		})
	}
}

func (v *Checker) policy(p scenarios.Policy, at scenarios.Path) {
	v.chosen(p.Choice, at)
	if h := p.Hedge; h != nil && h.After == 0 && h.Quantile == 0 {
		v.Problem(at.Key("hedge"), "hedge does not say when", "add after: 20ms, or quantile: 95%")
	}
	if h := p.Hedge; h != nil && h.Tied && (h.After == 0 || h.Quantile > 0) {
		v.Problem(at.Key("hedge", "tied"), "a tied attempt is made after a fixed time", "give it after: 1ms and no quantile")
	}
	if t := p.Throttle; t != nil && t.K > 0 && t.K < 1 {
		v.Problem(at.Key("throttle", "k"), fmt.Sprintf("k is %g, less than 1: it would reject what the dependency accepts", t.K), "use 1 or more; 2 is usual")
	}
	if h := p.Hedge; h != nil && p.Timeout > 0 && h.After >= p.Timeout {
		v.Problem(at.Key("hedge", "after"), fmt.Sprintf("hedge after %s comes later than the timeout of %s", h.After, p.Timeout), "use less than the timeout")
	}
}
