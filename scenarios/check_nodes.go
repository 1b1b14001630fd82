package scenarios

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/wire"
)

// names finds names that two things have.
func (v *validator) names() {
	for _, n := range v.Nodes {
		if of, replica := v.instance(n.Name); of != nil {
			v.problem(At("topology", n.Name), fmt.Sprintf("node %q has the name of replica %d of %q", n.Name, replica, of.Name), "rename one of them")
		}
	}
	for _, l := range v.Loads {
		of, _ := v.instance(l.Name)
		switch {
		case v.node(l.Name) != nil:
			v.problem(At("load", l.Name), fmt.Sprintf("load %q has the name of a node", l.Name), "rename one of them")
		case of != nil:
			v.problem(At("load", l.Name), fmt.Sprintf("load %q has the name of a replica of %q", l.Name, of.Name), "rename one of them")
		case l.Name == "all":
			v.problem(At("load", l.Name), `a load can't be named "all"`, "expectations use it for all loads; choose another name")
		}
	}
}

// nodes checks what each kind of node must have.
func (v *validator) nodes() {
	for _, n := range v.looked() {
		at := v.root.get("topology").get(n.Name)
		if at == nil || at.kind != mapping || n.Image != "" {
			continue
		}
		need := map[Kind][2]string{
			KindCDN:     {"origin", "NODE, the one behind it"},
			KindGateway: {"routes", "[{match: /*, to: NODE}]"},
			KindService: {"endpoints", "{GET /path: [{work: 5ms}]}"},
			KindQueue:   {"to", "NODE METHOD /path, where it delivers"},
			KindStream:  {"subscribers", "{NAME: {to: NODE METHOD /path}}"},
		}[n.Kind]
		if need[0] != "" && at.get(need[0]) == nil {
			v.problem(At("topology", n.Name), fmt.Sprintf("%s %q has no %s", n.Kind, n.Name, need[0]), "add "+need[0]+": "+need[1])
		}
		v.matches(n)
		v.entrance(n)
		v.register(n)
		v.line(n)
		v.stream(n)
		v.zones(n)
		v.replication(n)
		v.bots(n)
		v.shed(n)
	}
	if t := v.root.get("topology"); t != nil && t.kind == mapping && len(t.entries) == 0 {
		v.problem(At("topology"), "the topology is empty", "add a node, as in NAME: {kind: service}")
	}
}

// matches checks what a cdn's rules and a gateway's routes look for.
func (v *validator) matches(n *Node) {
	for i, rule := range n.Cache {
		v.match(rule.Match, At("topology", n.Name, "cache").Item(i).Key("match"))
		if rule.Key != nil {
			v.ignored(rule.Key.Ignore, At("topology", n.Name, "cache").Item(i).Key("key", "ignore"))
		}
	}
	for i, route := range n.Routes {
		at := At("topology", n.Name, "routes").Item(i).Key("match")
		v.match(route.Match, at)
		for j := range i {
			if earlier := n.Routes[j].Match; route.Match != "" && wire.ParseRoute(earlier).Covers(wire.ParseRoute(route.Match)) {
				v.problem(at, fmt.Sprintf("route %s is never reached", quoteShort(route.Match)), fmt.Sprintf("%s before it takes all of it; put this one first", quoteShort(earlier)))
				break
			}
		}
	}
}

// match checks what one rule looks for.
func (v *validator) match(text string, at Path) {
	if text == "" {
		return
	}
	if what, fix := checkMatch(text, false); what != "" {
		v.problem(at, what, fix)
	} else if strings.ContainsAny(text, "{?") {
		v.problem(at, fmt.Sprintf("match %s has a parameter or query in it", quoteShort(text)), "write * for the rest of the path")
	}
}

// links checks that regions and zones exist.
func (v *validator) links() {
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
				v.problem(At("links").Item(i).Key("between").Item(j), fmt.Sprintf("nobody is in a region or zone %s", quoteShort(name)), didYouMean(name, places, "there are"))
			}
		}
		if l.Jitter > l.Latency {
			v.problem(At("links").Item(i).Key("jitter"), fmt.Sprintf("a jitter of %s is more than the latency of %s", l.Jitter, l.Latency), "nothing arrives before it is sent; use less")
		}
	}
}
