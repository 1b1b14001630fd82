package node

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	leaseWaitsTotal = newCounter("squall_lease_waits_total",
		"Looks into a cache that had to wait for another's fill.")
	cacheErrorsTotal = newCounter("squall_cache_errors_total",
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
	i     *instance
	g     *executor
	space string // what is kept, before each key: services that read the same share it

	flights flights[*failure]
}

func (s *service) newSharedCache(how scenarios.ReadCache, space string) (*sharedCache, error) {
	g, err := newExecutor(s.i, how.In, scenarios.Policy{Timeout: how.Timeout}, s.i.config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return &sharedCache{how: how, i: s.i, g: g, space: space}, nil
}

// get is one look, and the read if need be.
func (c *sharedCache) get(ctx context.Context, why cause, key string, read func(context.Context) *failure) *failure {
	if !c.how.Coalesce {
		return c.once(ctx, why, key, read)
	}
	f, joined, err := c.flights.do(ctx, key, c.i.answering.start, func(ctx context.Context) *failure { return c.once(ctx, why, key, read) })
	if joined {
		cacheCoalescedTotal.in(c.i.metrics).Add(1)
	}
	if err != nil {
		return abandon(ctx, c.i.config.Instance)
	}
	return f
}

func (c *sharedCache) once(ctx context.Context, why cause, key string, read func(context.Context) *failure) *failure {
	wait := firstLook
	for n := 1; ; n++ {
		found, lease, f := c.look(ctx, why.step("look").attempt(n), key)
		switch {
		case ctx.Err() != nil:
			c.giveBack(ctx, why, key, lease)
			return abandon(ctx, c.i.config.Instance)
		case f != nil:
			cacheErrorsTotal.in(c.i.metrics).Add(1)
			return read(ctx)
		case found == "hit":
			cacheHitsTotal.in(c.i.metrics).Add(1)
			return nil
		case found == "stale":
			cacheRevalidatingTotal.in(c.i.metrics).Add(1)
			return nil
		case lease != leaseTaken:
			cacheMissesTotal.in(c.i.metrics).Add(1)
			return c.fill(ctx, why, key, lease, read)
		case n == 1:
			leaseWaitsTotal.in(c.i.metrics).Add(1)
		}
		if c.i.sleep(ctx, wait) != nil {
			return abandon(ctx, c.i.config.Instance)
		}
		wait = min(2*wait, latestLook)
	}
}

// fill reads and keeps, in the way that the scenario says.
func (c *sharedCache) fill(ctx context.Context, why cause, key, lease string, read func(context.Context) *failure) *failure {
	one := func(ctx context.Context) *failure {
		f := read(ctx)
		if f != nil || c.keep(ctx, why, key, lease) != nil {
			c.giveBack(ctx, why, key, lease)
		}
		return f
	}
	if c.how.Fill != "through" {
		return one(ctx)
	}
	ended := make(chan *failure, 1)
	c.i.aside(ctx, func(ctx context.Context) { ended <- one(ctx) })
	select {
	case f := <-ended:
		return f
	case <-ctx.Done():
		return abandon(ctx, c.i.config.Instance)
	}
}

// look asks the cache for a key, and for a lease on it where it is not there.
func (c *sharedCache) look(ctx context.Context, why cause, key string) (found, lease string, f *failure) {
	h := http.Header{}
	if c.how.Lease > 0 {
		h.Set(headerLease, c.how.Lease.String())
	}
	answer, f := c.ask(ctx, why, http.MethodGet, key, h)
	if f != nil {
		return "", "", f
	}
	return answer.Get(wire.HeaderCache), answer.Get(headerLease), nil
}

// keep tells the cache what was read. That it was written meanwhile is no failure.
func (c *sharedCache) keep(ctx context.Context, why cause, key, lease string) *failure {
	h := http.Header{headerTTL: {c.how.TTL.String()}}
	if c.how.Stale > 0 {
		h.Set(headerStale, c.how.Stale.String())
	}
	if lease != "" {
		h.Set(headerLease, lease)
	}
	_, f := c.ask(ctx, why.step("keep"), http.MethodPut, key, h)
	if f == nil || f.class == declined {
		return nil
	}
	cacheErrorsTotal.in(c.i.metrics).Add(1)
	return f
}

// giveBack lets another have the lease, after the answer: nobody is to wait for that.
func (c *sharedCache) giveBack(ctx context.Context, why cause, key, lease string) {
	if lease == "" || lease == leaseTaken {
		return
	}
	c.i.aside(ctx, func(ctx context.Context) {
		c.ask(ctx, why.step("give back"), http.MethodDelete, key, http.Header{headerLease: {lease}}) //nolint:errcheck // its time ends it
	})
}

// drop lets a key that was written expire. Where that fails, what was read before is served until its ttl is over.
func (c *sharedCache) drop(ctx context.Context, why cause, key string) {
	if _, f := c.ask(ctx, why.step("drop "+c.how.In), http.MethodDelete, key, nil); f != nil {
		cacheErrorsTotal.in(c.i.metrics).Add(1)
	}
}

func (c *sharedCache) ask(ctx context.Context, why cause, method, key string, h http.Header) (answer http.Header, f *failure) {
	what := call{method: method, path: keysPath + url.PathEscape(c.space+"/"+key), header: h}
	home := c.g.to.replicas[chance.Fold(0, key)%uint64(len(c.g.to.replicas))]
	came := c.g.attemptAt(ctx, home, why, 1, func(ctx context.Context, to *replica, why cause, n int) outcome {
		answer, f = c.g.sendOnce(ctx, to, why, n, what)
		return outcome{f: f}
	})
	return answer, came.f
}
