// Package mesh carries every connection of a topology: an edge is a listener, an upstream, and a
// link between them that runs toxiproxy's toxics where they behave. It is the only importer of toxiproxy.
package mesh

import (
	"context"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/passage"
)

// Edge is one connection from a caller to a callee, as a toxiproxy proxy of the same name.
type Edge struct {
	Name string `json:"name"`
	// Listen is where the caller connects (port 0: any; Open returns the one taken), Upstream where the callee serves.
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
	// Latency and Jitter are the base network, one way, under all faults.
	Latency time.Duration `json:"latency,omitempty"`
	Jitter  time.Duration `json:"jitter,omitempty"`
}

// Group is one more address for callers that know only a name and a port (images): its connections
// go over Edges in turn. The edges of a group need no Listen of their own.
type Group struct {
	Listen string   `json:"listen"`
	Edges  []string `json:"edges"`
}

// Control is a mesh, here (Mesh) or in another process or container (Client).
type Control interface {
	// Open makes edges and returns them with the addresses that they listen on, in order.
	Open(context.Context, []Edge) ([]Edge, error)
	// OpenGroup makes a group address and returns it.
	OpenGroup(context.Context, Group) (string, error)
	// SetUpstream moves an edge's callee; open connections stay where they are.
	SetUpstream(ctx context.Context, edge, address string) error
	// Apply puts edge primitives (toxics and outages) on, all under one id, and returns when they are in force, on
	// open connections too. On an error none of them stays.
	Apply(ctx context.Context, id string, primitives []faults.Primitive) error
	// Lift takes off exactly what Apply put on under id, within milliseconds and leaving nothing
	// hanging, and says what met it. An unknown or lifted id gives the same receipt again.
	Lift(ctx context.Context, id string) (faults.Receipt, error)
	// Stats reads every edge's counters.
	Stats(context.Context) ([]EdgeStats, error)
	// Changes waits until there are changes by hand after a number (0: any), and returns them with their receipts as
	// they are now: read from 0 again at the end, they have what met them in all. ErrClosed: there will be no more.
	Changes(ctx context.Context, after int64) ([]Change, error)
	// Close ends all connections and listeners.
	Close() error
}

// EdgeStats counts while things happen, not when connections end.
type EdgeStats struct {
	Name        string `json:"name"`
	Connections int64  `json:"connections"`
	Open        int64  `json:"open"`
	// Failed are connections whose upstream could not be reached.
	Failed int64 `json:"failed"`
	// Requests counts the turns from answer to request, which is requests for request-answer protocols.
	Requests       int64         `json:"requests"`
	BytesUp        int64         `json:"bytes_up"`
	BytesDown      int64         `json:"bytes_down"`
	FirstBytes     int64         `json:"first_bytes"`
	FirstByteTotal time.Duration `json:"first_byte_total"`
	// Answers are the times to first byte, spread out.
	Answers passage.Spread `json:"answers,omitempty"`
	// Unanswered are requests whose connection ended, or whose caller spoke again, before anything of an answer was handed over.
	Unanswered int64 `json:"unanswered,omitempty"`
	// Lacked are connections for which the mesh had no file descriptor, port or memory left.
	Lacked int64 `json:"lacked,omitempty"`
	// Awaiting counts requests from when they came to when their answer began, or was not to come any more.
	Awaiting passage.Reading `json:"awaiting"`
}

// Proxies is a mesh as toxiproxy's HTTP API shows it: every edge is a proxy of the same name.
// Errors are ErrNotFound, ErrExists or *faults.InvalidError where the API has a status for them.
type Proxies interface {
	Proxies() []Proxy
	Proxy(name string) (Proxy, error)
	// CreateProxy and RemoveProxy serve API clients that bring proxies of their own; no others can be removed (ErrPlanned).
	CreateProxy(context.Context, Proxy) (Proxy, error)
	RemoveProxy(name string) error
	// UpdateProxy changes listen, upstream and enabled. Disabled: new connections are refused, open ones end.
	UpdateProxy(ctx context.Context, name string, listen, upstream *string, enabled *bool) (Proxy, error)
	AddToxic(proxy string, t faults.Toxic) (faults.Toxic, error)
	// UpdateToxic changes a toxic where it stands; change is given it as it is. Its name and stream stay.
	UpdateToxic(proxy, toxic string, change func(faults.Toxic) (faults.Toxic, error)) (faults.Toxic, error)
	RemoveToxic(proxy, toxic string) error
	// Reset enables every proxy and removes every toxic that came through the API and every one that Apply put on.
	Reset() error
}

// Proxy is an edge in toxiproxy's words.
type Proxy struct {
	Name     string         `json:"name"`
	Listen   string         `json:"listen"`
	Upstream string         `json:"upstream"`
	Enabled  bool           `json:"enabled"`
	Toxics   []faults.Toxic `json:"toxics"`
}
