package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// order checks who starts before whom, and that a job is nothing that stays.
func (v *Checker) order() {
	for _, n := range v.looked() {
		at := scenarios.At("topology", n.Name)
		seen := map[string]bool{}
		for i, d := range n.DependsOn {
			here := at.Key("depends_on", d.Node)
			if v.valueAt(here) == nil {
				here = at.Key("depends_on").Item(i)
			}
			if seen[d.Node] {
				v.Problem(here, fmt.Sprintf("%s stands here twice", source.QuoteShort(d.Node)), "keep one")
			}
			seen[d.Node] = true
			v.dependency(n, d, here)
		}
		if n.Job != nil {
			v.job(n, at)
		}
	}
	for _, c := range v.connections {
		if to := v.node(c.To); to != nil && to.Job != nil && v.only == nil {
			v.Problem(c.Path, fmt.Sprintf("%q is a job, which has ended before anybody could call it", c.To), "take it away; who is to start after it has it in depends_on")
		}
	}
}

func (v *Checker) dependency(n *scenarios.Node, d scenarios.Dependency, at scenarios.Path) {
	on := v.node(d.Node)
	switch {
	case d.Node == n.Name:
		v.Problem(at, fmt.Sprintf("%q depends on itself", n.Name), "take it away")
	case on == nil:
		v.Problem(at, "there is no node "+source.QuoteShort(d.Node), source.DidYouMean(d.Node, v.nodeNames(), "nodes"))
	case d.Condition == scenarios.Completed && on.Job == nil:
		v.Problem(at, fmt.Sprintf("%q never completes: it is no job", d.Node), "add job: true to it, or use condition: service_healthy")
	case d.Condition != "" && d.Condition != scenarios.Completed && on.Job != nil:
		v.Problem(at, fmt.Sprintf("%q is a job, which is waited for until it has ended", d.Node), "use condition: "+scenarios.Completed+", or leave it out")
	}
}

// job checks what a node that ends can't have.
func (v *Checker) job(n *scenarios.Node, at scenarios.Path) {
	for _, key := range []string{"health", "healthcheck"} {
		if v.valueAt(at.Key(key)) != nil {
			v.Problem(at.Key(key), fmt.Sprintf("%s is for what stays, and %q is a job", key, n.Name), "take it away: a job is well when it has ended with 0")
		}
	}
	if n.Replicas > 1 {
		v.Problem(at.Key("replicas"), fmt.Sprintf("%q is a job, which is done once", n.Name), "take replicas away")
	}
	if n.Restart.When == scenarios.RestartAlways {
		v.Problem(at.Key("restart"), fmt.Sprintf("%q is a job: started again whenever it ends it would never be done", n.Name), "use on-failure, or on-failure:3")
	}
}
