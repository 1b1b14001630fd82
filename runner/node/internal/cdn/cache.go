package cdn

import (
	"container/list"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// Bounds of a cdn's memory. Over either, the copies that were asked for longest ago go.
const (
	mostCopies     = 10000
	mostCopiesSize = 64 << 20
)

// cachedCopy is a stored answer. It does not change once it is stored.
type cachedCopy struct {
	key    string
	status int
	header http.Header
	body   []byte
	// stored is when it was made: when it came, less the age that it came with.
	stored time.Time
	// It is fresh for ttl, may be served while it is refreshed for revalidate after that, and where the origin fails for onError after it.
	ttl, revalidate, onError time.Duration
	// number counts what was stored here.
	number uint64
}

func (c *cachedCopy) age() time.Duration { return time.Since(c.stored) }

// cache holds copies, the least recently asked for at the back. It is safe for concurrent use.
type cache struct {
	metrics *host.Metrics
	mu      sync.Mutex
	of      map[string]*list.Element
	order   *list.List
	size    int
	stores  uint64
	// Copies of at most this number were purged softly, at that time: they count as just expired then.
	soft       uint64
	softlyDone time.Time
}

func newCache(m *host.Metrics) *cache {
	return &cache{metrics: m, of: make(map[string]*list.Element), order: list.New()}
}

// get is a key's copy, however old, and how long it is past its ttl (negative: still fresh); nil if there is none.
func (c *cache) get(key string) (one *cachedCopy, past time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of[key]
	if e == nil {
		return nil, 0
	}
	c.order.MoveToFront(e)
	one = e.Value.(*cachedCopy)
	past = one.age() - one.ttl
	if one.number <= c.soft {
		past = max(past, time.Since(c.softlyDone))
	}
	return one, past
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
	copies.CacheEntries.In(c.metrics).Store(0)
}

func (c *cache) put(one *cachedCopy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.of[one.key]; e != nil {
		c.remove(e)
	}
	c.stores++
	one.number = c.stores
	c.of[one.key] = c.order.PushFront(one)
	c.size += len(one.body)
	for c.order.Len() > mostCopies || c.size > mostCopiesSize {
		c.remove(c.order.Back())
	}
	copies.CacheEntries.In(c.metrics).Store(int64(c.order.Len()))
}

func (c *cache) remove(e *list.Element) {
	one := c.order.Remove(e).(*cachedCopy)
	delete(c.of, one.key)
	c.size -= len(one.body)
}

// copiesOf are what a cdn keeps.
func copiesOf(i *host.Instance) *cache {
	return host.Retain(i, func() *cache {
		made := newCache(i.Metrics)
		i.Behaviour.Asks.OnFlush(made.purge)
		return made
	})
}
