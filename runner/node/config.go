// Package node is the built-in roles: cdn, gateway, service, database, queue, stream. A role takes its
// network from the Network handed in, its time from package time and its chance from a generator
// seeded per node and request. Roles know nothing of engines.
package node

import "github.com/squallhq/squall/scenarios"

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
