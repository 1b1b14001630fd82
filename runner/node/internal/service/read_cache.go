package service

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var cacheEarlyTotal = host.NewCounter("squall_cache_early_total",
	"Hits that were read anew before they expired (xfetch); the reads are none of squall_cache_misses_total.")

// readCache keeps what a read found, key by key, in the memory of one instance: look there first, else
// read and keep (cache-aside). It does not keep failures. Past its ttl a copy may be of use still: when the source fails
// (stale_if_error), or as the last known good one, which is served at once and refreshed beside that.
type readCache struct {
	how     scenarios.ReadCache
	metrics *host.Metrics
	owner   func(func()) // starts a goroutine and waits for it in the end
	aside   func(context.Context, func(context.Context))

	mu        sync.Mutex
	entries   map[string]*list.Element // of kept
	recent    list.List                // the most recently used first
	retired   bool                     // nobody looks here any more
	Coalescer copies.Coalescer[*call.Failure]
	fresh     copies.Refreshing
}

// kept is one copy: that it is there is all that is kept of a row.
type kept struct {
	key     string
	expires time.Time
	tried   time.Time     // when it was last begun to be refreshed
	cost    time.Duration // what it took to read
}

func newReadCache(how scenarios.ReadCache, m *host.Metrics, owner func(func())) *readCache {
	if how.Size == 0 {
		how.Size = scenarios.DefaultCacheSize
	}
	if how.Beta == 0 {
		how.Beta = 1
	}
	return &readCache{how: how, metrics: m, owner: owner, entries: make(map[string]*list.Element)}
}

// cached puts a cache in front of a read or call; key is what it is about. What it came to may be a partial answer.
func (s *service) cached(from string, how *scenarios.ReadCache, key func(*request) string, read stepFunc) (stepFunc, error) {
	get, err := s.cache(from, how)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		f := get(ctx, c, key(v), func(ctx context.Context) *call.Failure { return read(ctx, v, c) })
		if f != nil && f.Class == call.Partial {
			v.degrade(f.Err.Error())
			return nil
		}
		return f
	}, nil
}

// cache makes the cache of one step: in a cache node, or in memory.
func (s *service) cache(from string, how *scenarios.ReadCache) (get func(ctx context.Context, c host.Trace, key string, read func(context.Context) *call.Failure) *call.Failure, err error) {
	if how.In != "" {
		shared, err := s.newSharedCache(*how, from)
		if err != nil {
			return nil, fmt.Errorf("cache: %w", err)
		}
		if !slices.ContainsFunc(s.shared[from], func(c *sharedCache) bool { return c.how.In == how.In }) {
			s.shared[from] = append(s.shared[from], shared)
		}
		return shared.get, nil
	}
	fresh := newReadCache(*how, s.i.Metrics, s.i.Answering.Go)
	fresh.Coalescer.InTurn = s.i.InTurn
	own := s.keptRead(from, fresh)
	s.caches[from] = append(s.caches[from], own)
	return func(ctx context.Context, c host.Trace, key string, read func(context.Context) *call.Failure) *call.Failure {
		return own.get(ctx, key, func() float64 { return 1 - s.i.Chance(c, "early").Float64() }, read)
	}, nil
}

// forget drops a key that was written.
func (s *service) forget(ctx context.Context, why host.Trace, database, key string) {
	for _, c := range s.caches[database] {
		c.drop(key)
	}
	for _, c := range s.shared[database] {
		c.drop(ctx, why, key)
	}
}

// whole is nil for an answer that is worth keeping, and says why it is degraded for one that is not.
func whole(answers []http.Header) *call.Failure {
	if len(answers) == 0 {
		return nil
	}
	if why := answers[len(answers)-1].Get(wire.HeaderDegraded); why != "" {
		return &call.Failure{Class: call.Partial, Status: http.StatusOK, Err: errors.New(why)}
	}
	return nil
}

// get is one look. chance draws from (0, 1]; read is made if need be.
func (c *readCache) get(ctx context.Context, key string, chance func() float64, read func(context.Context) *call.Failure) *call.Failure {
	copied, early := c.look(key, chance)
	fresh := copied != nil && time.Now().Before(copied.expires)
	switch {
	case fresh && !early:
		copies.CacheHitsTotal.In(c.metrics).Add(1)
		return nil
	case copied != nil && !fresh && c.how.LastGood:
		copies.CacheRevalidatingTotal.In(c.metrics).Add(1)
		c.refresh(ctx, copied, read)
		return nil
	case fresh: // the copy is good: whoever volunteers pays for the others, and a failure hurts nobody
		copies.CacheHitsTotal.In(c.metrics).Add(1)
		cacheEarlyTotal.In(c.metrics).Add(1)
		if f := c.fill(ctx, key, read); f != nil && f.Class == call.Abandoned {
			return f
		}
		return nil
	}
	copies.CacheMissesTotal.In(c.metrics).Add(1)
	f := c.fill(ctx, key, read)
	if copied == nil || f == nil || f.Class != call.Failed && f.Class != call.Rejected {
		return f
	}
	copies.CacheStaleTotal.In(c.metrics).Add(1)
	host.DegradedTotal.In(c.metrics).Add(1)
	past := time.Since(copied.expires).Truncate(time.Second)
	return &call.Failure{Class: call.Partial, Status: http.StatusOK, Err: fmt.Errorf("stale by %s: %w", past, f.Err)}
}

// refresh reads anew while nobody waits: once at a time, and not before a second after the last attempt began, or a ttl
// where that is less, so that a source that fails at once is not asked by every request.
func (c *readCache) refresh(ctx context.Context, copied *kept, read func(context.Context) *call.Failure) {
	now := time.Now()
	if !c.fresh.Begin(copied.key) {
		return
	}
	if !copied.tried.IsZero() && now.Sub(copied.tried) < min(c.how.TTL, time.Second) {
		c.fresh.End(copied.key)
		return
	}
	copied.tried = now // whoever has begun has it alone
	copies.CacheRefreshesTotal.In(c.metrics).Add(1)
	c.aside(ctx, func(ctx context.Context) {
		defer c.fresh.End(copied.key)
		if f := read(ctx); f == nil {
			c.keep(copied.key, time.Since(now))
		}
	})
}

// look finds a copy, also one past its ttl where that is of use still. early is XFetch (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache
// Stampede Prevention", VLDB 2015): whether now - cost*beta*ln(chance) has reached the expiry.
func (c *readCache) look(key string, chance func() float64) (there *kept, early bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil {
		return nil, false
	}
	copied, now := e.Value.(*kept), time.Now()
	fresh := now.Before(copied.expires)
	if !fresh && !c.how.LastGood && now.Sub(copied.expires) >= c.how.StaleIfError {
		return nil, false
	}
	c.recent.MoveToFront(e)
	if !fresh || c.how.Early != "xfetch" {
		return copied, false
	}
	lead := time.Duration(-float64(copied.cost) * c.how.Beta * math.Log(chance()))
	return copied, !now.Add(lead).Before(copied.expires)
}

// fill reads and keeps, in the way that the scenario says.
func (c *readCache) fill(ctx context.Context, key string, read func(context.Context) *call.Failure) *call.Failure {
	one := func(ctx context.Context) *call.Failure {
		began := time.Now()
		f := read(ctx)
		if f == nil {
			c.keep(key, time.Since(began))
		}
		return f
	}
	through := c.how.Fill == "through"
	switch {
	case c.how.Coalesce:
		return c.fillTogether(ctx, key, through, one)
	case !through:
		return one(ctx)
	}
	ended := make(chan *call.Failure, 1)
	c.aside(ctx, func(ctx context.Context) { ended <- one(ctx) })
	select {
	case f := <-ended:
		return f
	case <-ctx.Done():
		return &call.Failure{Class: call.Abandoned, Status: call.StatusAbandoned, To: key, Err: ctx.Err()}
	}
}

// fillTogether is one read for all who ask at the same time. It ends with the last of them, or if it goes through, beside
// them all.
func (c *readCache) fillTogether(ctx context.Context, key string, through bool, one func(context.Context) *call.Failure) *call.Failure {
	owner, work := c.owner, one
	if through {
		var aside context.Context
		owner = func(f func()) {
			c.aside(ctx, func(ctx context.Context) {
				aside = ctx
				f()
			})
		}
		work = func(context.Context) *call.Failure { return one(aside) }
	}
	f, joined, err := c.Coalescer.Do(ctx, key, owner, work)
	if joined {
		copies.CacheCoalescedTotal.In(c.metrics).Add(1)
	}
	if err != nil {
		return &call.Failure{Class: call.Abandoned, Status: call.StatusAbandoned, To: key, Err: err}
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
	c.entries[key] = c.recent.PushFront(&kept{key: key, expires: time.Now().Add(c.how.TTL), cost: cost})
	copies.CacheEntries.In(c.metrics).Add(1)
}

// Retire gives up what is kept, for good.
func (c *readCache) Retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	copies.CacheEntries.In(c.metrics).Add(-int64(c.recent.Len()))
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
		copies.CacheEntries.In(c.metrics).Add(-1)
	}
}

// keptReads are the caches of reads that an instance retains, by endpoint, database and number.
type keptReads struct{ of map[string]*readCache }

func keptReadsOf(i *host.Instance) *keptReads {
	return host.Retain(i, func() *keptReads { return &keptReads{} })
}

// keepReads keeps the service's caches of reads, and gives up those before them.
func (s *service) keepReads() {
	kept := keptReadsOf(s.i)
	s.i.OnCommit(func() {
		for where, c := range kept.of {
			if s.reads[where] != c {
				c.Retire()
			}
		}
		kept.of = s.reads
	})
}

// keptRead is the cache that stood in the same place before the configuration changed, where that left it as it was.
func (s *service) keptRead(from string, fresh *readCache) *readCache {
	where := s.compiling + " " + from
	for s.reads[where] != nil {
		where += " and"
	}
	fresh.aside = s.i.Aside
	if before := keptReadsOf(s.i).of[where]; before != nil && before.how == fresh.how {
		fresh = before
	}
	s.reads[where] = fresh
	return fresh
}
