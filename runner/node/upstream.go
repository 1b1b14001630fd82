package node

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// upstream is one callee node as this instance calls it: its replicas, in turn.
type upstream struct {
	node     string
	kind     scenarios.Kind
	replicas []*replica
	next     atomic.Uint64
	away     atomic.Int64 // replicas that are withdrawn
}

// replica is one callee instance, behind its edge.
type replica struct {
	Upstream
	node   string // the callee's
	n      int    // its place among the callee's replicas, from 0
	counts callCounts
	busy   atomic.Int64 // attempts in flight from this instance
	// withdrawn: it is about to end, or has ended, and this instance was told so.
	withdrawn atomic.Bool
}

// newUpstream starts the turn somewhere that differs between callers, so that the callers of a
// replicated node don't march over its replicas in step.
func newUpstream(c Config, name string, replicas []Upstream) *upstream {
	u := &upstream{node: name}
	for n, r := range replicas {
		u.kind = r.Kind
		u.replicas = append(u.replicas, &replica{Upstream: r, node: name, n: n})
	}
	u.next.Store(chance.Fold(chance.Fold(c.Seed, c.Instance), name) >> 1) // halved: it only counts up from there
	return u
}

// callCounts counts attempts to one callee instance.
type callCounts struct {
	attempts, organic, retries, failures atomic.Int64
}

func (c *callCounts) begin(n int, retried bool) {
	c.attempts.Add(1)
	if n > 1 {
		c.retries.Add(1)
	}
	if !retried {
		c.organic.Add(1)
	}
}

func (c *callCounts) stats() wire.CallCounters {
	return wire.CallCounters{Attempts: c.attempts.Load(), Organic: c.organic.Load(), Retries: c.retries.Load(), Failures: c.failures.Load()}
}

// Bounds of a node's HTTP connections to its upstreams.
const (
	dialTimeout     = 30 * time.Second
	idleConnections = 1024 // for each callee instance; more are closed after use
	idleConnection  = 90 * time.Second
)

// newTransport is the one HTTP client of an instance: keep-alive, no compression, no proxy, and pool connections to each
// callee at most; 0: no limit, since limits are the scenario's to set.
func newTransport(network wire.Network, pool int) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, kind, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
			defer cancel()
			return network.DialContext(ctx, kind, address)
		},
		MaxIdleConnsPerHost: idleConnections,
		MaxConnsPerHost:     pool,
		IdleConnTimeout:     idleConnection,
		DisableCompression:  true,
	}
}
