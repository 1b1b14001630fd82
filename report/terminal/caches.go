package terminal

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// cached is what the caches of one node did: requests that a rule covers, by what they met.
type cached struct {
	// hits got a fresh copy, refreshing an old one at once while it was refreshed, misses had to wait for the origin, stale are
	// those of the misses that got an old copy since the origin failed.
	// evicted copies went to make room.
	hits, refreshing, misses, stale, evicted float64
}

func (c *cached) add(counters map[string]float64) {
	c.hits += counters["squall_cache_hits_total"]
	c.refreshing += counters["squall_cache_revalidating_total"]
	c.misses += counters["squall_cache_misses_total"]
	c.stale += counters["squall_cache_stale_total"]
	c.evicted += counters["squall_cache_evicted_total"]
}

func (c *cached) all() float64 { return c.hits + c.refreshing + c.misses }

// ratio is the share of requests that had not to wait for the origin.
func (c *cached) ratio() float64 { return (c.hits + c.refreshing) / c.all() }

// caches shows the hit ratio of each node's caches, over the run and in the phase where it was lowest.
func caches(s *sheet, r *record.Result) error {
	g := &grid{columns: []column{
		{name: "CACHE OF", text: true}, {name: "hit ratio"}, {name: "lowest"}, {name: "fresh hits"},
		{name: "while refreshed"}, {name: "misses"}, {name: "stale on error"}, {name: "evicted"},
	}}
	for _, name := range nodesOf(r) {
		var sum cached
		for _, n := range r.Nodes {
			if n.Name == name {
				sum.add(n.Counters)
			}
		}
		if sum.all() == 0 {
			continue
		}
		g.add(name, spell.Percent(sum.ratio()), lowest(r, name), spell.Count(int64(sum.hits)), someOf(int64(sum.refreshing)), spell.Count(int64(sum.misses)),
			spell.Count(int64(sum.stale)), someOf(int64(sum.evicted)))
	}
	return s.table(g)
}

// nodesOf are the names of the nodes, in the topology's order.
func nodesOf(r *record.Result) []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range r.Nodes {
		if !seen[n.Name] {
			seen[n.Name] = true
			names = append(names, n.Name)
		}
	}
	return names
}

// lowest is the lowest hit ratio that a node's caches had in a phase, where there are several.
func lowest(r *record.Result, name string) string {
	of := map[string]string{}
	for _, n := range r.Nodes {
		of[n.Instance] = n.Name
	}
	low, in := 2.0, ""
	told := 0
	for _, p := range r.Phases {
		var sum cached
		for _, n := range p.Nodes {
			if of[n.Instance] == name {
				sum.add(n.Counters)
			}
		}
		if sum.all() > 0 {
			told++
			if ratio := sum.ratio(); ratio < low {
				low, in = ratio, p.Name
			}
		}
	}
	if told < 2 {
		return ""
	}
	return fmt.Sprintf("%s in %s", spell.Percent(low), in)
}
