package report

import (
	"fmt"
	"io"

	"github.com/squallhq/squall/runner/record"
)

// cacheRow is what the caches of one node did over the phases: requests that a rule covers, by what they met.
type cacheRow struct {
	node string
	// hits got a fresh copy, refreshing an old one at once while it was refreshed, misses had to wait for the origin, stale are
	// those of the misses that got an old copy since the origin failed.
	hits, refreshing, misses, stale float64
}

// cacheRows adds up the instances of each node that has caches, in the topology's order.
func cacheRows(r *record.Result) []cacheRow {
	var rows []cacheRow
	at := map[string]int{}
	for _, n := range r.Nodes {
		c := n.Counters
		if c["squall_cache_hits_total"]+c["squall_cache_misses_total"]+c["squall_cache_revalidating_total"] == 0 {
			continue
		}
		i, known := at[n.Name]
		if !known {
			i = len(rows)
			at[n.Name] = i
			rows = append(rows, cacheRow{node: n.Name})
		}
		rows[i].hits += c["squall_cache_hits_total"]
		rows[i].refreshing += c["squall_cache_revalidating_total"]
		rows[i].misses += c["squall_cache_misses_total"]
		rows[i].stale += c["squall_cache_stale_total"]
	}
	return rows
}

// ratio is the share of requests that had not to wait for the origin.
func (c cacheRow) ratio() float64 {
	return (c.hits + c.refreshing) / (c.hits + c.refreshing + c.misses)
}

func writeCaches(w io.Writer, r *record.Result, _ paint) error {
	g := grid{left: 1, header: []string{"CACHE", "fresh hits", "hits while refreshed", "misses", "stale on error", "hit ratio"}}
	for _, c := range cacheRows(r) {
		g.add("of "+c.node, count(int64(c.hits)), dash(int64(c.refreshing)), dash(int64(c.misses)), dash(int64(c.stale)), percent(c.ratio()))
	}
	if len(g.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.write(w)
}
