package service

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/redis"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

var (
	leaseWaitsTotal = host.NewCounter("squall_lease_waits_total",
		"Looks into a cache that had to wait for another's fill.")
	cacheErrorsTotal = host.NewCounter("squall_cache_errors_total",
		"Calls to a cache that failed; a look that did was a miss.")
)

// How long those who wait for another's fill do so before they look again: the first time, and at most.
const (
	firstLook  = 5 * time.Millisecond
	latestLook = 100 * time.Millisecond
)

// sharedCache is the cache-aside of one step in a cache node, which all instances share. A cache that fails, or takes longer than
// its timeout, is a miss, and is not told what was read then: it costs a request its timeout once, not twice.
//
// Keys are spread over the node's instances by their hash, and stay where they are when one is lost: its keys miss, the
// others' do not. A call to a cache is one attempt at one instance; the policy's retries and hedges are not for it.
//
// With a lease, of those who miss one reads and the others look again after 5 ms, 10 ms ... up to 100 ms, for as long as their own
// callers wait. Who has a lease and can't fill gives it back; one who never comes back loses it by its time.
type sharedCache struct {
	how   scenarios.ReadCache
	i     *host.Instance
	g     *call.Executor
	redis *redis.Caches
	space string // what is kept, before each key: services that read the same share it

	Coalescer copies.Coalescer[*call.Failure]
}

func (s *service) newSharedCache(how scenarios.ReadCache, space string) (*sharedCache, error) {
	g, err := call.New(s.i, how.In, scenarios.Policy{Timeout: how.Timeout}, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	made := &sharedCache{how: how, i: s.i, g: g, redis: s.redis, space: space}
	made.Coalescer.InTurn = s.i.InTurn
	return made, nil
}

// get is one look, and the read if need be.
func (c *sharedCache) get(ctx context.Context, why host.Trace, key string, read func(context.Context) *call.Failure) *call.Failure {
	if !c.how.Coalesce {
		return c.once(ctx, why, key, read)
	}
	f, joined, err := c.Coalescer.Do(ctx, key, c.i.Answering.Go, func(ctx context.Context) *call.Failure { return c.once(ctx, why, key, read) })
	if joined {
		copies.CacheCoalescedTotal.In(c.i.Metrics).Add(1)
	}
	if err != nil {
		return call.Abandon(ctx, c.i.Config.Instance)
	}
	return f
}

func (c *sharedCache) once(ctx context.Context, why host.Trace, key string, read func(context.Context) *call.Failure) *call.Failure {
	wait := firstLook
	for n := 1; ; n++ {
		found, lease, f := c.look(ctx, why.Step("look").Attempt(n), key)
		switch {
		case ctx.Err() != nil:
			c.giveBack(ctx, why, key, lease)
			return call.Abandon(ctx, c.i.Config.Instance)
		case f != nil:
			cacheErrorsTotal.In(c.i.Metrics).Add(1)
			return read(ctx)
		case found == "hit":
			copies.CacheHitsTotal.In(c.i.Metrics).Add(1)
			return nil
		case found == "stale":
			copies.CacheRevalidatingTotal.In(c.i.Metrics).Add(1)
			return nil
		case lease != copies.LeaseTaken:
			copies.CacheMissesTotal.In(c.i.Metrics).Add(1)
			return c.fill(ctx, why, key, lease, read)
		case n == 1:
			leaseWaitsTotal.In(c.i.Metrics).Add(1)
		}
		if c.i.Sleep(ctx, wait) != nil {
			return call.Abandon(ctx, c.i.Config.Instance)
		}
		wait = min(2*wait, latestLook)
	}
}

// fill reads and keeps, in the way that the scenario says.
func (c *sharedCache) fill(ctx context.Context, why host.Trace, key, lease string, read func(context.Context) *call.Failure) *call.Failure {
	one := func(ctx context.Context) *call.Failure {
		f := read(ctx)
		if f != nil || c.keep(ctx, why, key, lease) != nil {
			c.giveBack(ctx, why, key, lease)
		}
		return f
	}
	if c.how.Fill != "through" {
		return one(ctx)
	}
	ended := make(chan *call.Failure, 1)
	c.i.Aside(ctx, func(ctx context.Context) { ended <- one(ctx) })
	select {
	case f := <-ended:
		return f
	case <-ctx.Done():
		return call.Abandon(ctx, c.i.Config.Instance)
	}
}

// look asks the cache for a key, and for a lease on it where it is not there.
func (c *sharedCache) look(ctx context.Context, why host.Trace, key string) (found, lease string, f *call.Failure) {
	h := http.Header{}
	if c.how.Lease > 0 {
		h.Set(copies.HeaderLease, c.how.Lease.String())
	}
	answer, f := c.ask(ctx, why, http.MethodGet, key, h)
	if f != nil {
		return "", "", f
	}
	return answer.Get(wire.HeaderCache), answer.Get(copies.HeaderLease), nil
}

// keep tells the cache what was read. That it was written meanwhile is no failure.
func (c *sharedCache) keep(ctx context.Context, why host.Trace, key, lease string) *call.Failure {
	h := http.Header{copies.HeaderTTL: {c.how.TTL.String()}}
	if c.how.Stale > 0 {
		h.Set(copies.HeaderStale, c.how.Stale.String())
	}
	if lease != "" {
		h.Set(copies.HeaderLease, lease)
	}
	_, f := c.ask(ctx, why.Step("keep"), http.MethodPut, key, h)
	if f == nil || f.Class == call.Declined {
		return nil
	}
	cacheErrorsTotal.In(c.i.Metrics).Add(1)
	return f
}

// giveBack lets another have the lease, after the answer: nobody is to wait for that.
func (c *sharedCache) giveBack(ctx context.Context, why host.Trace, key, lease string) {
	if lease == "" || lease == copies.LeaseTaken {
		return
	}
	c.i.Aside(ctx, func(ctx context.Context) {
		c.ask(ctx, why.Step("give back"), http.MethodDelete, key, http.Header{copies.HeaderLease: {lease}}) //nolint:errcheck // its time ends it
	})
}

// drop lets a key that was written expire. Where that fails, what was read before is served until its ttl is over.
func (c *sharedCache) drop(ctx context.Context, why host.Trace, key string) {
	if _, f := c.ask(ctx, why.Step("drop "+c.how.In), http.MethodDelete, key, nil); f != nil {
		cacheErrorsTotal.In(c.i.Metrics).Add(1)
	}
}

func (c *sharedCache) ask(ctx context.Context, why host.Trace, method, key string, h http.Header) (answer http.Header, f *call.Failure) {
	if c.how.Stale > 0 && method == http.MethodDelete && h == nil {
		h = http.Header{copies.HeaderStale: {c.how.Stale.String()}} // a real cache does not know what it was told with each copy
	}
	what := call.Request{Method: method, Path: copies.KeysPath + url.PathEscape(c.space+"/"+key), Header: h}
	home := c.g.To.Home(key)
	came := c.g.AttemptAt(ctx, home, why, 1, func(ctx context.Context, to *call.Replica, why host.Trace, n int) call.Outcome {
		if to.Speaks == parts.SpeaksRedis {
			bounded, cancel := c.g.Bounded(ctx)
			defer cancel()
			var err error
			answer, err = c.redis.Ask(bounded, to, method, c.space+"/"+key, h)
			f = redis.Failure(ctx, bounded, c.g, to, err)
			return call.Outcome{F: f}
		}
		answer, f = c.g.SendOnce(ctx, to, why, n, what)
		return call.Outcome{F: f}
	})
	return answer, came.F
}
