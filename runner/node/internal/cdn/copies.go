package cdn

import (
	"cmp"
	"container/list"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// cachedCopy is a stored answer. It does not change once it is stored.
type cachedCopy struct {
	key string
	// vary are the request headers that tell variants of the key apart, variant is what they say of this one.
	vary    []string
	variant string
	status  int
	header  http.Header
	body    []byte
	// born is when the origin made it, as far as can be told: when it was asked for, less the Age that it came with.
	born time.Time
	// stored is when its ttl began.
	stored time.Time
	// It is fresh for ttl, may be served while it is refreshed for revalidate after that, and where the origin fails for
	// onError after it.
	ttl, revalidate, onError time.Duration
	// number counts what was stored here.
	number uint64
}

// age is what its Age header says.
func (k *cachedCopy) age() time.Duration { return time.Since(k.born) }

// variants are the copies of one key, by what their requests said in the headers that the newest of them varies by.
type variants struct {
	vary []string
	of   map[string]*list.Element
}

// cache holds copies, the least recently asked for at the back. Over either bound those go. It is safe for concurrent use.
type cache struct {
	metrics *host.Metrics
	mu      sync.Mutex
	// most copies, whose bodies take at most storage bytes.
	most    int
	storage int64
	of      map[string]*variants
	order   *list.List
	size    int64
	stores  uint64
	// Copies of at most this number were purged softly, at that time: they count as just expired then.
	soft       uint64
	softlyDone time.Time
}

var (
	cacheEvictedTotal = host.NewCounter("squall_cache_evicted_total",
		"Copies that went for want of room, the least recently asked for first.")
	cacheInvalidatedTotal = host.NewCounter("squall_cache_invalidated_total",
		"Copies that went because a request changed what they were of.")
)

func newCache(m *host.Metrics) *cache {
	return &cache{metrics: m, of: make(map[string]*variants), order: list.New()}
}

// resize is for how much there is room.
func (c *cache) resize(most int, storage int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most, c.storage = most, storage
	c.evict()
}

// get is a request's copy, however old, and how long it is past its ttl (negative: still fresh); nil if there is none.
func (c *cache) get(key string, h http.Header) (one *cachedCopy, past time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.of[key]
	if kept == nil {
		return nil, 0
	}
	e := kept.of[variantOf(kept.vary, h)]
	if e == nil {
		return nil, 0
	}
	c.order.MoveToFront(e)
	one = e.Value.(*cachedCopy)
	return one, c.pastTTL(one)
}

// past is how long a copy is past its ttl now.
func (c *cache) past(one *cachedCopy) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pastTTL(one)
}

func (c *cache) pastTTL(one *cachedCopy) time.Duration {
	past := time.Since(one.stored) - one.ttl
	if one.number <= c.soft {
		past = max(past, time.Since(c.softlyDone))
	}
	return past
}

// variant tells requests apart that ask for different copies, as far as is known of their key.
func (c *cache) variant(key string, h http.Header) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept := c.of[key]; kept != nil && len(kept.vary) > 0 {
		return key + "\n" + variantOf(kept.vary, h)
	}
	return key
}

// purge takes every copy away; softly it lets them expire now, and stay for when they may be served stale.
func (c *cache) purge(softly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	copies.CachePurgedTotal.In(c.metrics).Add(int64(c.order.Len()))
	if softly {
		c.soft, c.softlyDone = c.stores, time.Now()
		return
	}
	clear(c.of)
	c.order.Init()
	c.size = 0
	c.counted()
}

// invalidate takes every copy of a key away.
func (c *cache) invalidate(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cacheInvalidatedTotal.In(c.metrics).Add(c.drop(key))
	c.counted()
}

func (c *cache) put(one *cachedCopy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.of[one.key]
	if kept != nil && !slices.Equal(kept.vary, one.vary) {
		c.drop(one.key) // they are told apart by something else from now on, and nobody would find them
		kept = nil
	}
	if kept == nil {
		kept = &variants{vary: one.vary, of: map[string]*list.Element{}}
		c.of[one.key] = kept
	} else if e := kept.of[one.variant]; e != nil {
		c.size -= int64(len(c.order.Remove(e).(*cachedCopy).body))
	}
	c.stores++
	one.number = c.stores
	kept.of[one.variant] = c.order.PushFront(one)
	c.size += int64(len(one.body))
	c.evict()
}

// evict makes room.
func (c *cache) evict() {
	for c.order.Len() > c.most || c.size > c.storage {
		c.remove(c.order.Back())
		cacheEvictedTotal.In(c.metrics).Add(1)
	}
	c.counted()
}

// drop takes every copy of a key away and says how many those were.
func (c *cache) drop(key string) (dropped int64) {
	kept := c.of[key]
	if kept == nil {
		return 0
	}
	for _, e := range kept.of {
		c.remove(e)
		dropped++
	}
	return dropped
}

func (c *cache) remove(e *list.Element) {
	one := c.order.Remove(e).(*cachedCopy)
	c.size -= int64(len(one.body))
	kept := c.of[one.key]
	if delete(kept.of, one.variant); len(kept.of) == 0 {
		delete(c.of, one.key)
	}
}

func (c *cache) counted() { copies.CacheEntries.In(c.metrics).Store(int64(c.order.Len())) }

// copiesOf are what a cdn keeps.
func copiesOf(i *host.Instance) *cache {
	kept := host.Retain(i, func() *cache {
		made := newCache(i.Metrics)
		i.Behaviour.Asks.OnFlush(made.purge)
		return made
	})
	i.OnCommit(func() {
		kept.resize(cmp.Or(i.Config.Node.Size, scenarios.DefaultCacheSize), cmp.Or(i.Config.Node.Storage, scenarios.DefaultStorage))
	})
	return kept
}
