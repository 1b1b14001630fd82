// Package host is what every role needs of its surroundings: configuration and its changes, network, disk, CPU and chance,
// metrics, behaviour, and serving HTTP. It knows no role and no other room.
package host

import (
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

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
	// Upstreams are the addresses of its edges by the callee's node name, with :PORT where that is not its first, in replica order.
	Upstreams map[string][]Upstream `json:"upstreams"`
}

// Upstream is one callee instance, reached over its edge at Address.
type Upstream struct {
	Instance string `json:"instance"`
	// Counted is what calls to it are counted by, where that is not Instance: the edge to another port of it.
	Counted string         `json:"counted,omitempty"`
	Address string         `json:"address"`
	Kind    scenarios.Kind `json:"kind"`
	// Speaks is the protocol of the real part that it is, "" for what is built in.
	Speaks parts.Protocol `json:"speaks,omitempty"`
	// AtMostOnce: a queue gives messages away without waiting for an acknowledgement; AckWithin is how long it waits for one, 0 for the usual time.
	AtMostOnce bool          `json:"at_most_once,omitempty"`
	AckWithin  time.Duration `json:"ack_within,omitempty"`
	// DSN is user:password@database for a database.
	DSN string `json:"dsn,omitempty"`
	// Host is what requests name it by, where that is not its own to choose; "": its address.
	Host string `json:"host,omitempty"`
	// Secure is the TLS that it is spoken to with; nil: none.
	Secure *wire.Secure `json:"secure,omitempty"`
	// Near is zone or region where it is in the same as the caller; empty: in neither.
	Near string `json:"near,omitempty"`
	// Positions: it is a real database whose replicas somebody reads from, so it is asked where in its log a write or a read is.
	Positions bool `json:"positions,omitempty"`
}
