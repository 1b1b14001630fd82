// Package redis is how services speak to a real Redis or Valkey in a cache node's place: what they ask a cache for, in its
// commands, over pools of its usual client.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
)

// ErrLease tells that a fill came with a lease that is no longer its key's.
var ErrLease = errors.New("the lease is not the key's any more")

// A copy's value is the instant, in ms, at which it is stale; it is there for longer where a stale one may be served. A
// lease stands beside its key, under leases. A write lets both go in one step, and a fill with a lease is one step too: what
// was read before a write is never kept after it.
var (
	look = client.NewScript(`
		local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
		local copy = redis.call('GET', KEYS[1])
		if copy and tonumber(copy) > now then return {'hit', ''} end
		local found = copy and 'stale' or 'miss'
		if ARGV[2] == '0' then return {'miss', ''} end
		if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'miss', ARGV[1]} end
		return {found, ARGV[3]}`)
	fill = client.NewScript(`
		if ARGV[1] ~= '' then
			if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
			if ARGV[3] == '0' then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], 'filled', 'XX', 'KEEPTTL') end
		end
		local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
		redis.call('SET', KEYS[1], string.format('%.0f', now + ARGV[2]), 'PX', ARGV[2] + ARGV[3])
		return 1`)
	giveBack = client.NewScript(`if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end return 1`)
	drop     = client.NewScript(`
		if redis.call('EXISTS', KEYS[2]) == 1 and ARGV[1] ~= '0' then redis.call('SET', KEYS[2], 'written', 'XX', 'KEEPTTL')
		else redis.call('DEL', KEYS[2]) end
		if ARGV[1] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], '0', 'XX', 'PX', ARGV[1]) end
		return 1`)
)

// Caches are a service's.
type Caches struct {
	i  *host.Instance
	to pools.Kept[*call.Replica, *client.Client]
	n  atomic.Uint64 // leases, to tell them apart
}

// CachesOf are the instance's.
func CachesOf(i *host.Instance) *Caches {
	return host.Retain(i, func() *Caches { return &Caches{i: i} })
}

// Close closes the pools.
func (c *Caches) Close() error { return c.to.Each((*client.Client).Close) }

// quiet drops what the client would log: errors are returned as well.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { client.SetLogger(quiet{}) } //nolint:gochecknoinits // the client has one for all

func (c *Caches) get(to *call.Replica) *client.Client {
	db, _ := c.to.Get(to, func() (*client.Client, error) { return c.pool(to), nil })
	return db
}

func (c *Caches) pool(to *call.Replica) *client.Client {
	most := pools.Size(c.i)
	who := wire.ParseLogin(to.DSN)
	made := client.NewClient(&client.Options{
		Addr: to.Address, Dialer: c.i.Network.DialContext, Username: who.User, Password: who.Password,
		PoolSize: most, MaxActiveConns: most, PoolTimeout: time.Hour, // who waits is bounded by its own context
		// Retries are the policy's to make, and timeouts its to set.
		MaxRetries: -1, DialerRetries: 1, ReadTimeout: -1, WriteTimeout: -1, ContextTimeoutEnabled: true,
		DisableIdentity: true, Protocol: 2, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	pools.Of(c.i).Watch(func() pools.Use {
		s := made.PoolStats()
		return pools.Use{Waits: int64(s.WaitCount), Waited: time.Duration(s.WaitDurationNs), Connections: int64(s.TotalConns)}
	})
	return made
}

// Ask does what a cache node's GET, PUT and DELETE of a key do, and answers in its headers.
func (c *Caches) Ask(ctx context.Context, to *call.Replica, method, key string, h http.Header) (http.Header, error) {
	db, keys := c.get(to), []string{"squall:" + key, "squall:lease:" + key}
	lease := said(h, copies.HeaderLease)
	switch method {
	case http.MethodGet:
		return c.look(ctx, db, keys, ms(lease))
	case http.MethodPut:
		kept, err := fill.Run(ctx, db, keys, lease, ms(said(h, copies.HeaderTTL)), ms(said(h, copies.HeaderStale))).Int()
		if err == nil && kept == 0 {
			err = ErrLease
		}
		return nil, err
	case http.MethodDelete:
		if lease != "" {
			return nil, giveBack.Run(ctx, db, keys, lease).Err()
		}
		return nil, drop.Run(ctx, db, keys, ms(said(h, copies.HeaderStale))).Err()
	}
	return nil, fmt.Errorf("ask Redis to %s a key: it takes GET, PUT and DELETE", method)
}

func (c *Caches) look(ctx context.Context, db *client.Client, keys []string, leased int64) (http.Header, error) {
	token := c.i.Config.Instance + "-" + strconv.FormatUint(c.n.Add(1), 16)
	found, err := look.Run(ctx, db, keys, token, leased, copies.LeaseTaken).StringSlice()
	if err != nil {
		return nil, err
	}
	if len(found) != 2 {
		return nil, fmt.Errorf("look for a key: Redis answers %q", found)
	}
	h := http.Header{wire.HeaderCache: {found[0]}}
	if found[1] != "" {
		h.Set(copies.HeaderLease, found[1])
	}
	return h, nil
}

// Get is the value of a key of the scenario's own.
func (c *Caches) Get(ctx context.Context, to *call.Replica, key string) (value string, there bool, err error) {
	value, err = c.get(to).Get(ctx, key).Result()
	if errors.Is(err, client.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}

// Set keeps a value under a key of the scenario's own; ttl 0: for as long as the cache has room.
func (c *Caches) Set(ctx context.Context, to *call.Replica, key, value string, ttl time.Duration) error {
	return c.get(to).Set(ctx, key, value, ttl).Err()
}

// said is a header's value, spelled as whoever put it there does: nothing has gone over HTTP, which spells all alike.
func said(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return h.Get(name)
}

// ms is a header's duration in ms, 0 where there is none.
func ms(text string) int64 {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return max(d.Milliseconds(), 1)
}

// Failure sorts the error of an attempt: that a lease is over, or a wrong command, is no failure of the cache.
func Failure(ctx, bounded context.Context, g *call.Executor, to *call.Replica, err error) *call.Failure {
	if err == nil {
		return nil
	}
	f := call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)
	if errors.Is(err, ErrLease) && f.Class == call.Failed {
		f.Class, f.Retryable, f.Status = call.Declined, false, http.StatusConflict
	}
	return f
}
