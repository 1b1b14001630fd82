package check

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// stream checks what a stream must have, and that what it has is of use.
func (v *Checker) stream(n *scenarios.Node) {
	if n.Kind != scenarios.KindStream {
		return
	}
	at := scenarios.At("topology", n.Name)
	if n.Replicas > 1 {
		v.Problem(at.Key("replicas"), fmt.Sprintf("stream %q has replicas, each of them a log of its own", n.Name), "take them away; partitions: let more be delivered at once")
	}
	if list := v.valueAt(at.Key("subscribers")); list != nil && list.Kind == source.Mapping && len(list.Entries) == 0 {
		v.Problem(at.Key("subscribers"), fmt.Sprintf("stream %q has nobody to deliver to", n.Name), "add a subscriber, as in {search: {to: NODE METHOD /path}}")
	}
	for _, s := range n.Subscribers {
		if most := max(n.Partitions, 1); s.Workers > most {
			v.Problem(at.Key("subscribers", s.Name, "workers"), fmt.Sprintf("%d workers can't be busy with %d at once: it is one for each of the partitions", s.Workers, most), "add partitions, or leave it out")
		}
	}
}

// deliveries checks where a queue and the subscribers of a stream deliver to.
func (v *Checker) deliveries(n *scenarios.Node) {
	if n.To != nil {
		v.delivered(n.To, scenarios.At("topology", n.Name, "to"))
	}
	for _, s := range n.Subscribers {
		if s.To != nil {
			v.delivered(s.To, scenarios.At("topology", n.Name, "subscribers", s.Name, "to"))
		}
	}
}

// delivered checks one receiver: it is there, it answers, and its path takes what a message has.
func (v *Checker) delivered(c *scenarios.Call, at scenarios.Path) {
	v.called(c, at)
	for _, p := range grammar.AnyParameter.FindAllString(c.Path, -1) {
		if p != "{key}" && p != "{id}" {
			v.Problem(at, fmt.Sprintf("a message has no %s to put into the path", source.Shorten(strings.Trim(p, "{}"))), "write {key} or {id}, or a fixed path")
		}
	}
}
