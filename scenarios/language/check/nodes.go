package check

import (
	"fmt"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// nodes checks what each kind of node must have.
func (v *Checker) nodes() {
	v.volumes()
	for _, n := range v.looked() {
		v.container(n)
		v.replication(n)
		v.setup(n)
		v.queue(n)
		at := v.Root.Get("topology").Get(n.Name)
		if at == nil || at.Kind != source.Mapping || !n.BuiltIn() {
			continue
		}
		need := map[scenarios.Kind][2]string{
			scenarios.KindCDN:     {"origin", "NODE, the one behind it"},
			scenarios.KindGateway: {"routes", "[{match: /*, to: NODE}]"},
			scenarios.KindService: {"endpoints", "{GET /path: [{work: 5ms}]}"},
			scenarios.KindQueue:   {"to", "NODE METHOD /path, where it delivers, or a step {pop: " + n.Name + "} to a service"},
			scenarios.KindStream:  {"subscribers", "{NAME: {to: NODE METHOD /path}}"},
		}[n.Kind]
		if need[0] != "" && at.Get(need[0]) == nil && (n.Kind != scenarios.KindQueue || v.needsReceiver(n)) {
			v.Problem(scenarios.At("topology", n.Name), fmt.Sprintf("%s %q has no %s", n.Kind, n.Name, need[0]), "add "+need[0]+": "+need[1])
		}
		v.matches(n)
		v.entrance(n)
		v.register(n)
		v.queueDiscipline(n)
		v.stream(n)
		v.zones(n)
		v.bots(n)
		v.shed(n)
	}
	if t := v.Root.Get("topology"); t != nil && t.Kind == source.Mapping && len(t.Entries) == 0 {
		v.Problem(scenarios.At("topology"), "the topology is empty", "add a node, as in NAME: {kind: service}")
	}
}

// matches checks what a cdn's rules and a gateway's routes look for.
func (v *Checker) matches(n *scenarios.Node) {
	for i, rule := range n.Cache {
		v.match(rule.Match, scenarios.At("topology", n.Name, "cache").Item(i).Key("match"))
		if rule.Key != nil {
			v.ignored(rule.Key.Ignore, scenarios.At("topology", n.Name, "cache").Item(i).Key("key", "ignore"))
		}
	}
	for i, route := range n.Routes {
		at := scenarios.At("topology", n.Name, "routes").Item(i).Key("match")
		v.match(route.Match, at)
		for j := range i {
			if earlier := n.Routes[j].Match; route.Match != "" && wire.ParseRoute(earlier).Covers(wire.ParseRoute(route.Match)) {
				v.Problem(at, fmt.Sprintf("route %s is never reached", source.QuoteShort(route.Match)), fmt.Sprintf("%s before it takes all of it; put this one first", source.QuoteShort(earlier)))
				break
			}
		}
	}
}

// links checks that regions and zones exist.
func (v *Checker) links() {
	var places []string
	seen := map[string]bool{"": true}
	add := func(names ...string) {
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				places = append(places, name)
			}
		}
	}
	for _, n := range v.Nodes {
		add(append([]string{n.Region}, n.EveryZone()...)...)
	}
	for _, l := range v.Loads {
		add(l.Region, l.Zone)
	}
	for i, l := range v.Links {
		for j, name := range l.Between {
			if !seen[name] {
				v.Problem(scenarios.At("links").Item(i).Key("between").Item(j), fmt.Sprintf("nobody is in a region or zone %s", source.QuoteShort(name)), source.DidYouMean(name, places, "there are"))
			}
		}
		if l.Jitter > l.Latency {
			v.Problem(scenarios.At("links").Item(i).Key("jitter"), fmt.Sprintf("a jitter of %s is more than the latency of %s", l.Jitter, l.Latency), "nothing arrives before it is sent; use less")
		}
	}
}

// zones checks that a node's replicas can be spread as it says.
func (v *Checker) zones(n *scenarios.Node) {
	at := scenarios.At("topology", n.Name, "zones")
	switch {
	case len(n.Zones) > 0 && n.Zone != "":
		v.Problem(at, fmt.Sprintf("%q has both zone and zones", n.Name), "keep zone for one, or zones to spread the replicas")
	case len(n.Zones) > max(n.Replicas, 1):
		v.Problem(at, fmt.Sprintf("%q has %d zones and %d replicas", n.Name, len(n.Zones), max(n.Replicas, 1)), "add replicas, or take zones away")
	}
	if c := n.Cold; c != nil && c.Factor > 0 && c.Factor < 1 {
		v.Problem(scenarios.At("topology", n.Name, "cold", "factor"), fmt.Sprintf("a factor of %g is faster than usual", c.Factor), "use more than 1")
	}
}
