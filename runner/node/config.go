// Package node is the built-in roles: cdn, gateway, service, database, queue, stream. A role takes its
// network from the Network handed in, its time from package time and its chance from a generator
// seeded per node and request. Roles know nothing of engines.
package node

import (
	"context"
	"net"

	"github.com/squallhq/squall/scenarios"
)

// Network is how a node meets others. Real sockets in the process and docker engines, pipes in the virtual one.
type Network interface {
	Listen(ctx context.Context, address string) (net.Listener, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Config is everything that one instance needs to know. It is plain data and crosses to a child process as JSON.
type Config struct {
	Run      string         `json:"run"`
	Instance string         `json:"instance"`
	Seed     uint64         `json:"seed"`
	Node     scenarios.Node `json:"node"`
	// Listen is where it serves, Admin where it answers health, metrics, stats and behaviour.
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
	// Data is its own folder, which outlives a crash.
	Data string `json:"data"`
	// Upstreams are the addresses of its edges by the callee's node name, in replica order.
	Upstreams map[string][]Upstream `json:"upstreams"`
}

// Upstream is one callee instance, reached over its edge at Address.
type Upstream struct {
	Instance string         `json:"instance"`
	Address  string         `json:"address"`
	Kind     scenarios.Kind `json:"kind"`
	// DSN is user:password@database for a database.
	DSN string `json:"dsn,omitempty"`
	// Near is zone or region where it is in the same as the caller; empty: in neither.
	Near string `json:"near,omitempty"`
}

// Addresses are where a started node really listens.
type Addresses struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
}

// The headers that nodes and the load generator share.
const (
	// HeaderRequest is a user request's id; nodes hand it on, it seeds chance and names writes.
	HeaderRequest = "Squall-Request"
	// HeaderLoad is the load's name.
	HeaderLoad = "Squall-Load"
	// HeaderPriority is high or low; absent is high. Nodes hand it on.
	HeaderPriority = "Squall-Priority"
	// HeaderTenant is whose request it is; absent is the load's name. Nodes hand it on.
	HeaderTenant = "Squall-Tenant"
	// HeaderDegraded says in words why an answer is degraded; absent on whole answers. Handed up by callers.
	HeaderDegraded = "Squall-Degraded"
	// HeaderWrote lists acknowledged writes as DATABASE/ID, comma separated. Handed up by callers.
	HeaderWrote = "Squall-Wrote"
	// HeaderFailover names the node that gave an answer in another one's place. Handed up by callers.
	HeaderFailover = "Squall-Failover"
	// HeaderPosition lists, as DATABASE=POSITION, comma separated, up to where a user has written: an answer says it of
	// what it wrote, the user's next request says it again. Handed up by callers, and handed on.
	HeaderPosition = "Squall-Position"
	// HeaderStale names the replicas that showed a user less than what the user had written. Handed up by callers.
	HeaderStale = "Squall-Stale"
	// HeaderCache is hit, miss or stale, from a cdn.
	HeaderCache = "Squall-Cache"
	// HeaderRetried is 1 when this call, or one further up that led to it, is a retry.
	HeaderRetried = "Squall-Retried"
	// HeaderDeadline is how much time a call has left, in milliseconds, from callers that hand deadlines on.
	HeaderDeadline = "Squall-Deadline"
	// HeaderTied asks a service to say (103 Early Hints) when a worker begins.
	HeaderTied = "Squall-Tied"
	// HeaderAttempt counts a call's attempts from 1.
	HeaderAttempt = "Squall-Attempt"
	// HeaderCause places a call in the tree of calls of its user request, as POSITION-DRAW in hex: a retry
	// has the position of the first attempt (so it names the same writes) but draws chance anew.
	HeaderCause = "Squall-Cause"
	// HeaderWrite is the id that a message to a queue or stream is to have, and the one that a delivered message has.
	HeaderWrite = "Squall-Write"
	// HeaderMessageKey is what a message is about, escaped as a part of a path is; a stream keeps the messages of one key in order.
	HeaderMessageKey = "Squall-Message-Key"
	// HeaderIdempotency is a message's idempotency key: a queue takes one message for each. The name is that of the IETF's draft.
	HeaderIdempotency = "Idempotency-Key"
	// HeaderKey is the API key of a gateway's client.
	HeaderKey = "X-Api-Key"
)
