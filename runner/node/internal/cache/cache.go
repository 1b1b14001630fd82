// Package cache is the cache role: a look-aside cache that services share.
package cache

import (
	"cmp"
	"container/list"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	leasesTotal    = host.NewCounter("squall_leases_total", "Leases that a cache handed out to those who missed.")
	staleSetsTotal = host.NewCounter("squall_stale_sets_total",
		"Fills that a cache refused because their lease was no longer the key's: it had been written "+
			"meanwhile, or the time was over.")
)

// node keeps in memory, and for no longer than that, which keys services have read. It is a look-aside cache, as
// memcached is: it asks nobody, and a crash leaves it empty. In HTTP:
//
//	GET /keys/KEY     200, Squall-Cache: hit, stale or miss
//	PUT /keys/KEY     204, or 409 where its lease is no longer the key's; what came in Squall-Value is in the answers of later GETs
//	DELETE /keys/KEY  204: the key has expired, and its lease with it
//
// A GET that brings how long a lease is to last gets one with a miss, unless another has got it and its time is not over;
// that one is told so, or gets the copy that was there before (Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013).
// Where there is such a copy to serve, no more than one lease is given in its time, however often the key is written and filled.
type node struct {
	i    *host.Instance
	size int

	mu     sync.Mutex
	items  map[string]*list.Element // of cacheItem
	recent list.List                // the most recently used first
	leases map[string]cacheLease
	issued uint64 // leases, to tell them apart
}

type cacheItem struct {
	key     string
	expires time.Time
	stale   time.Duration // how long past that it may be served
	value   string        // as its header has it; most copies have none
}

type cacheLease struct {
	token string
	ends  time.Time
}

func New(i *host.Instance) (host.Role, error) {
	c := host.Retain(i, func() *node {
		made := &node{i: i, items: make(map[string]*list.Element), leases: make(map[string]cacheLease)}
		i.Behaviour.Asks.OnFlush(made.purge)
		return made
	})
	i.OnCommit(func() { c.resize(cmp.Or(i.Config.Node.Size, scenarios.DefaultCacheSize)) })
	return host.NewHTTPRole(i, i.Counted(c.answer), nil), nil
}

// resize is for how many keys there is room; the least recently used go where there are more.
func (c *node) resize(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.size = size; c.recent.Len() > size; {
		delete(c.items, c.recent.Remove(c.recent.Back()).(*cacheItem).key)
		copies.CacheEntries.In(c.i.Metrics).Add(-1)
	}
}

func (c *node) answer(w http.ResponseWriter, r *http.Request, why host.Trace) {
	if status, fails := c.i.InjectedError(why); fails {
		c.i.Refuse(w, status, "injected error")
		return
	}
	if err := c.i.Slow(r.Context()); err != nil {
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, copies.KeysPath)
	if !ok || key == "" {
		c.i.Refuse(w, http.StatusNotFound, "a cache has "+copies.KeysPath+"KEY")
		return
	}
	switch r.Method {
	case http.MethodGet:
		how, lease, value := c.get(key, time.Now(), headerDuration(r.Header, copies.HeaderLease))
		w.Header().Set(wire.HeaderCache, how)
		if lease != "" {
			w.Header().Set(copies.HeaderLease, lease)
		}
		if value != "" {
			w.Header().Set(copies.HeaderValue, value)
		}
	case http.MethodPut:
		if !c.put(key, time.Now(), headerDuration(r.Header, copies.HeaderTTL), headerDuration(r.Header, copies.HeaderStale), r.Header.Get(copies.HeaderLease), r.Header.Get(copies.HeaderValue)) {
			c.i.Refuse(w, http.StatusConflict, "the lease is not the key's any more")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case http.MethodDelete:
		c.delete(key, time.Now(), r.Header.Get(copies.HeaderLease))
		w.WriteHeader(http.StatusNoContent)
	default:
		c.i.Refuse(w, http.StatusMethodNotAllowed, "a cache takes GET, PUT and DELETE")
	}
}

// headerDuration is a header's time, 0 where there is none.
func headerDuration(h http.Header, name string) time.Duration {
	d, err := time.ParseDuration(h.Get(name))
	if err != nil {
		return 0
	}
	return d
}

// get looks for a key, and hands out a lease for so long on one that is not there.
func (c *node) get(key string, now time.Time, leased time.Duration) (how, lease, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, past := c.items[key], time.Duration(0)
	if e != nil {
		c.recent.MoveToFront(e)
		if past = now.Sub(e.Value.(*cacheItem).expires); past < 0 {
			copies.CacheHitsTotal.In(c.i.Metrics).Add(1)
			return "hit", "", e.Value.(*cacheItem).value
		}
	}
	if leased > 0 {
		other := c.leases[key]
		switch {
		case !now.Before(other.ends):
		case e != nil && past < e.Value.(*cacheItem).stale:
			copies.CacheRevalidatingTotal.In(c.i.Metrics).Add(1)
			return "stale", copies.LeaseTaken, ""
		case other.token != "":
			copies.CacheMissesTotal.In(c.i.Metrics).Add(1)
			return "miss", copies.LeaseTaken, ""
		}
		lease = c.lease(key, now, leased)
	}
	copies.CacheMissesTotal.In(c.i.Metrics).Add(1)
	return "miss", lease, ""
}

// lease makes one. c.mu is held.
func (c *node) lease(key string, now time.Time, lasting time.Duration) string {
	if len(c.leases) > c.size { // those whose holders never came back
		for k, l := range c.leases {
			if !now.Before(l.ends) {
				delete(c.leases, k)
			}
		}
	}
	c.issued++
	token := strconv.FormatUint(c.issued, 16)
	c.leases[key] = cacheLease{token, now.Add(lasting)}
	leasesTotal.In(c.i.Metrics).Add(1)
	return token
}

// put keeps a key, in the place of the least recently used where there is no other. A token must still be the key's.
func (c *node) put(key string, now time.Time, ttl, stale time.Duration, token, value string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token != "" {
		if c.leases[key].token != token {
			staleSetsTotal.In(c.i.Metrics).Add(1)
			return false
		}
		c.leases[key] = cacheLease{ends: c.leases[key].ends}
		if stale == 0 {
			delete(c.leases, key)
		}
	}
	if e := c.items[key]; e != nil {
		c.recent.Remove(e)
		delete(c.items, key)
	} else if c.recent.Len() >= c.size {
		delete(c.items, c.recent.Remove(c.recent.Back()).(*cacheItem).key)
	} else {
		copies.CacheEntries.In(c.i.Metrics).Add(1)
	}
	c.items[key] = c.recent.PushFront(&cacheItem{key, now.Add(ttl), stale, value})
	return true
}

// delete lets a key expire, and the lease on it: what its holder has read is older than what was written. With a token
// it only gives the lease back.
func (c *node) delete(key string, now time.Time, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token != "" {
		if c.leases[key].token == token {
			delete(c.leases, key)
		}
		return
	}
	e := c.items[key]
	if e == nil || e.Value.(*cacheItem).stale == 0 {
		delete(c.leases, key)
	} else if lease, out := c.leases[key]; out {
		c.leases[key] = cacheLease{ends: lease.ends}
	}
	if e != nil {
		c.expire(e, now)
	}
}

// expire makes a copy stale, or takes it away where nobody wants a stale one. c.mu is held.
func (c *node) expire(e *list.Element, now time.Time) {
	item := e.Value.(*cacheItem)
	if item.stale > 0 {
		item.expires = earlier(item.expires, now)
		return
	}
	c.recent.Remove(e)
	delete(c.items, item.key)
	copies.CacheEntries.In(c.i.Metrics).Add(-1)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// purge takes everything away; softly: lets it expire.
func (c *node) purge(softly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for e := c.recent.Front(); e != nil; {
		next := e.Next()
		if !softly {
			e.Value.(*cacheItem).stale = 0
		}
		c.expire(e, now)
		copies.CachePurgedTotal.In(c.i.Metrics).Add(1)
		e = next
	}
	clear(c.leases)
}
