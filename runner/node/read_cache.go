package node

import (
	"container/list"
	"context"
	"math"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// defaultCacheSize is how many keys a read's cache keeps where the scenario does not say.
const defaultCacheSize = 10000

// readCache keeps what a read found, key by key, in the memory of one instance: look there first, else
// read and keep (cache-aside). It does not keep failures.
type readCache struct {
	how     scenarios.ReadCache
	metrics *metrics
	owner   func(func()) // starts a goroutine and waits for it in the end

	mu      sync.Mutex
	entries map[string]*list.Element // of kept
	recent  list.List                // the most recently used first
	retired bool                     // nobody looks here any more
	flights flights[*failure]
}

// kept is one copy: that it is there is all that is kept of a row.
type kept struct {
	key     string
	expires time.Time
	cost    time.Duration // what it took to read
}

func newReadCache(how scenarios.ReadCache, m *metrics, owner func(func())) *readCache {
	if how.Size == 0 {
		how.Size = defaultCacheSize
	}
	if how.Beta == 0 {
		how.Beta = 1
	}
	return &readCache{how: how, metrics: m, owner: owner, entries: make(map[string]*list.Element)}
}

// cached puts a cache in front of a read: the one that was there before the configuration changed, where that left it as it was.
func (s *service) cached(name, from string, how *scenarios.ReadCache, read runner) runner {
	where := s.compiling + " " + name + " " + from
	cache := newReadCache(*how, s.i.metrics, s.i.answering.start)
	if before := s.i.kept.reads[where]; before != nil && before.how == cache.how {
		cache = before
	}
	s.reads[where] = cache
	s.caches[from] = append(s.caches[from], cache)
	return func(ctx context.Context, v *visit, c cause) *failure {
		chance := func() float64 { return 1 - s.i.chance(c, "early").Float64() }
		return cache.get(ctx, v.key(), chance, func(ctx context.Context) *failure { return read(ctx, v, c) })
	}
}

// forget drops a key that was written.
func (s *service) forget(database, key string) {
	for _, c := range s.caches[database] {
		c.drop(key)
	}
}

// get is one look. chance draws from (0, 1]; read is made if need be.
func (c *readCache) get(ctx context.Context, key string, chance func() float64, read func(context.Context) *failure) *failure {
	there, early := c.look(key, chance)
	switch {
	case there && !early:
		c.metrics.cacheHits.Add(1)
		return nil
	case there: // the copy is good: whoever volunteers pays for the others, and a failure hurts nobody
		c.metrics.cacheHits.Add(1)
		c.metrics.cacheEarly.Add(1)
		if f := c.fill(ctx, key, read); f != nil && f.ending == abandoned {
			return f
		}
		return nil
	}
	c.metrics.cacheMisses.Add(1)
	return c.fill(ctx, key, read)
}

// look finds a copy. early is XFetch (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache
// Stampede Prevention", VLDB 2015): whether now - cost*beta*ln(chance) has reached the expiry.
func (c *readCache) look(key string, chance func() float64) (there, early bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil {
		return false, false
	}
	copied, now := e.Value.(*kept), time.Now()
	if !now.Before(copied.expires) {
		return false, false
	}
	c.recent.MoveToFront(e)
	if c.how.Early != "xfetch" {
		return true, false
	}
	lead := time.Duration(-float64(copied.cost) * c.how.Beta * math.Log(chance()))
	return true, !now.Add(lead).Before(copied.expires)
}

// fill reads and keeps, in the way that the scenario says.
func (c *readCache) fill(ctx context.Context, key string, read func(context.Context) *failure) *failure {
	one := func(ctx context.Context) *failure {
		began := time.Now()
		f := read(ctx)
		if f == nil {
			c.keep(key, time.Since(began))
		}
		return f
	}
	through := c.how.Fill == "through"
	if !c.how.Coalesce && !through {
		return one(ctx)
	}
	if !c.how.Coalesce {
		ended := make(chan *failure, 1)
		c.owner(func() { ended <- one(context.WithoutCancel(ctx)) })
		select {
		case f := <-ended:
			return f
		case <-ctx.Done():
			return &failure{ending: abandoned, status: statusAbandoned, to: key, err: ctx.Err()}
		}
	}
	f, joined, err := c.flights.do(ctx, key, c.owner, func(ctx context.Context) *failure {
		if through {
			ctx = context.WithoutCancel(ctx)
		}
		return one(ctx)
	})
	if joined {
		c.metrics.cacheCoalesced.Add(1)
	}
	if err != nil {
		return &failure{ending: abandoned, status: statusAbandoned, to: key, err: err}
	}
	return f
}

// keep puts a copy in, in the place of the least recently used where there is no other.
func (c *readCache) keep(key string, cost time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retired {
		return
	}
	c.remove(key)
	if c.recent.Len() >= c.how.Size {
		c.remove(c.recent.Back().Value.(*kept).key)
	}
	c.entries[key] = c.recent.PushFront(&kept{key, time.Now().Add(c.how.TTL), cost})
	c.metrics.cacheEntries.Add(1)
}

// retire gives up what is kept, for good.
func (c *readCache) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	c.metrics.cacheEntries.Add(-int64(c.recent.Len()))
	clear(c.entries)
	c.recent.Init()
}

func (c *readCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
}

// remove takes a copy out, if it is there. c.mu is held.
func (c *readCache) remove(key string) {
	if e := c.entries[key]; e != nil {
		c.recent.Remove(e)
		delete(c.entries, key)
		c.metrics.cacheEntries.Add(-1)
	}
}
