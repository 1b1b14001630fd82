package node

import (
	"container/list"
	"net/http"
	"sync"
	"time"
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
	stored time.Time
}

func (c *cachedCopy) age() time.Duration { return time.Since(c.stored) }

// cache holds copies, the least recently asked for at the back. It is safe for concurrent use.
type cache struct {
	metrics *metrics
	mu      sync.Mutex
	of      map[string]*list.Element
	order   *list.List
	size    int
}

func newCache(m *metrics) *cache {
	return &cache{metrics: m, of: make(map[string]*list.Element), order: list.New()}
}

// get is a key's copy, however old; nil if there is none.
func (c *cache) get(key string) *cachedCopy {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedCopy)
}

func (c *cache) put(one *cachedCopy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.of[one.key]; e != nil {
		c.remove(e)
	}
	c.of[one.key] = c.order.PushFront(one)
	c.size += len(one.body)
	for c.order.Len() > mostCopies || c.size > mostCopiesSize {
		c.remove(c.order.Back())
	}
	c.metrics.cacheEntries.Store(int64(c.order.Len()))
}

func (c *cache) remove(e *list.Element) {
	one := c.order.Remove(e).(*cachedCopy)
	delete(c.of, one.key)
	c.size -= len(one.body)
}
