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

// callees are whom an instance calls, and what it calls them with. They stay when its configuration changes.
type callees struct {
	transport *http.Transport
	of        map[string]*upstream
}

// calleesOf are an instance's.
func calleesOf(i *instance) *callees {
	return retain(i, func() *callees {
		c := &callees{transport: newTransport(i.network, i.config.Node.UpstreamPool), of: make(map[string]*upstream)}
		for name, replicas := range i.config.Upstreams {
			c.of[name] = newUpstream(i.config, name, replicas)
			c.of[name].transport = c.transport
		}
		return c
	})
}

// calleeOf is one callee of an instance's; nil: it calls none of that name.
func calleeOf(i *instance, name string) *upstream { return calleesOf(i).of[name] }

func (c *callees) close() { c.transport.CloseIdleConnections() }

// upstream is one callee node as this instance calls it: its replicas, in turn.
type upstream struct {
	node     string
	kind     scenarios.Kind
	replicas []*replica
	next     atomic.Uint64
	away     atomic.Int64 // replicas that are withdrawn
	// transport is the instance's, for all callees.
	transport *http.Transport
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
