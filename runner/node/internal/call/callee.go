package call

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Callees are whom an instance calls, and what it calls them with. They stay when its configuration changes.
type Callees struct {
	transport *http.Transport
	of        map[string]*Callee
}

// CalleesOf are an instance's.
func CalleesOf(i *host.Instance) *Callees {
	return host.Retain(i, func() *Callees {
		c := &Callees{transport: newTransport(i.Network, i.Config.Node.UpstreamPool, securedOf(i.Config.Upstreams)), of: make(map[string]*Callee)}
		for name, replicas := range i.Config.Upstreams {
			c.of[name] = newUpstream(i.Config, name, replicas)
			c.of[name].Transport = c.transport
		}
		return c
	})
}

// CalleeOf is one callee of an instance's; nil: it calls none of that name.
func CalleeOf(i *host.Instance, name string) *Callee { return CalleesOf(i).of[name] }

func (c *Callees) Close() { c.transport.CloseIdleConnections() }

// Callee is one callee node as this instance calls it: its replicas, in turn.
type Callee struct {
	Node     string
	Kind     scenarios.Kind
	Replicas []*Replica
	next     atomic.Uint64
	away     atomic.Int64 // replicas that are withdrawn
	// Transport is the instance's, for all callees.
	Transport *http.Transport
}

// Replica is one callee instance, behind its edge.
type Replica struct {
	host.Upstream
	Node   string // the callee's
	n      int    // its place among the callee's replicas, from 0
	Counts counts
	busy   atomic.Int64 // attempts in flight from this instance
	// withdrawn: it is about to end, or has ended, and this instance was told so.
	withdrawn atomic.Bool
}

// newUpstream starts the turn somewhere that differs between callers, so that the callers of a
// replicated node don't march over its replicas in step.
func newUpstream(c host.Config, name string, replicas []host.Upstream) *Callee {
	u := &Callee{Node: name}
	for n, r := range replicas {
		u.Kind = r.Kind
		node, _ := scenarios.CutPort(name)
		u.Replicas = append(u.Replicas, &Replica{Upstream: r, Node: node, n: n})
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
func newTransport(network wire.Network, pool int, spoken secured) *http.Transport {
	dial := func(ctx context.Context, kind, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return network.DialContext(ctx, kind, address)
	}
	return &http.Transport{
		DialContext:         dial,
		DialTLSContext:      spoken.over(dial),
		MaxIdleConnsPerHost: idleConnections,
		MaxConnsPerHost:     pool,
		IdleConnTimeout:     idleConnection,
		DisableCompression:  true,
	}
}

// Home is the replica that has a key, where each has keys of its own: by the key's hash, whoever is there.
func (c *Callee) Home(key string) *Replica {
	return c.Replicas[chance.Fold(0, key)%uint64(len(c.Replicas))]
}

// scheme is that of requests to a replica.
func (r *Replica) scheme() string {
	if r.Secure != nil {
		return "https"
	}
	return "http"
}

// URL is where a path, with its query, is at a replica.
func (r *Replica) URL(path string) string { return r.scheme() + "://" + r.Address + path }

// secured are those that are spoken to with TLS, by their addresses.
type secured map[string]func() (*tls.Config, error)

func securedOf(upstreams map[string][]host.Upstream) secured {
	out := secured{}
	for _, all := range upstreams {
		for _, u := range all {
			if u.Secure != nil {
				out[u.Address] = u.Secure.Config
			}
		}
	}
	return out
}

// handshakeTimeout bounds a handshake, where its call does not sooner.
const handshakeTimeout = 10 * time.Second

// over makes connections of TLS over those that dial makes.
func (s secured) over(dial func(ctx context.Context, kind, address string) (net.Conn, error)) func(ctx context.Context, kind, address string) (net.Conn, error) {
	return func(ctx context.Context, kind, address string) (net.Conn, error) {
		config, is := s[address]
		if !is {
			return nil, fmt.Errorf("%s is spoken to without TLS", address) // nobody asks for that
		}
		c, err := config()
		if err != nil {
			return nil, err
		}
		raw, err := dial(ctx, kind, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		conn := tls.Client(raw, c)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, fmt.Errorf("TLS: %w", err)
		}
		return conn, nil
	}
}
