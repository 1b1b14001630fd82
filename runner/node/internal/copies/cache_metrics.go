package copies

import (
	"github.com/squallhq/squall/runner/node/internal/host"
)

var (
	CacheHitsTotal  = host.NewCounter("squall_cache_hits_total", "Requests answered with a fresh copy.")
	CacheStaleTotal = host.NewCounter("squall_cache_stale_total",
		"Requests answered with a stale copy because the origin, or the source of a step, failed.")
	CacheMissesTotal = host.NewCounter("squall_cache_misses_total",
		"Cacheable requests that needed the origin, stale ones included.")
	CacheCoalescedTotal = host.NewCounter("squall_cache_coalesced_total",
		"Misses that shared another miss's request to the origin.")
	CacheRevalidatingTotal = host.NewCounter("squall_cache_revalidating_total",
		"Requests answered at once with a copy past its ttl while it is refreshed.")
	CacheRefreshesTotal = host.NewCounter("squall_cache_refreshes_total",
		"Requests to the origin (calls and reads, of a last_good cache) that refreshed a copy while nobody waited.")
	CachePurgedTotal = host.NewCounter("squall_cache_purged_total", "Copies taken away or made stale by a purge.")
	CacheEntries     = host.NewGauge("squall_cache_entries", "Copies in the cache now.")
)
