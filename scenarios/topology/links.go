package topology

import (
	"time"

	"github.com/squallhq/squall/scenarios"
)

// links checks that each link joins regions or zones that there are.
func (b *builder) links() {
	known := map[string]bool{}
	for _, n := range b.Scenario.Nodes {
		known[n.Region] = true
		for _, zone := range n.EveryZone() {
			known[zone] = true
		}
	}
	for _, l := range b.Scenario.Loads {
		known[l.Region], known[l.Zone] = true, true
	}
	given := map[[2]string]bool{}
	for i, l := range b.Scenario.Links {
		for _, name := range l.Between {
			if name == "" || !known[name] {
				b.problem(scenarios.At("links").Item(i), "use a region or zone of a node", "no node is in region or zone %q", name)
			}
		}
		pair := l.Between
		if pair[0] > pair[1] {
			pair[0], pair[1] = pair[1], pair[0]
		}
		if given[pair] {
			b.problem(scenarios.At("links").Item(i), "keep one of them", "a second link between %q and %q", pair[0], pair[1])
		}
		given[pair] = true
		if l.Latency < 0 || l.Jitter < 0 {
			b.problem(scenarios.At("links").Item(i), "use 0s or more", "latency and jitter can't be negative")
		}
	}
}

// base is the network between two instances, one way: the link between their zones, else the one
// between a zone and a region of theirs, else the one between their regions, else nothing.
func base(links []scenarios.Link, from, to Instance) (latency, jitter time.Duration) {
	for _, pair := range [][2]string{
		{from.Zone(), to.Zone()},
		{from.Zone(), to.Node.Region},
		{from.Node.Region, to.Zone()},
		{from.Node.Region, to.Node.Region},
	} {
		if pair[0] == "" || pair[1] == "" {
			continue
		}
		for _, l := range links {
			if l.Between == pair || l.Between == [2]string{pair[1], pair[0]} {
				return l.Latency, l.Jitter
			}
		}
	}
	return 0, 0
}

// near is what two instances have in common: their zone, else their region, else nothing.
func near(from, to Instance) string {
	switch {
	case from.Zone() != "" && from.Zone() == to.Zone():
		return NearZone
	case from.Node.Region != "" && from.Node.Region == to.Node.Region:
		return NearRegion
	default:
		return ""
	}
}
