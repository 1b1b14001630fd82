package host

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Instance is what every role needs of its surroundings.
type Instance struct {
	Config    Config
	Network   wire.Network
	Disk      Disk
	CPU       CPU
	wake      func(time.Time)
	turn      func(nth int)
	after     func(d time.Duration) (rings <-chan time.Time, stop func())
	keep      func(d time.Duration) (at time.Time, free func())
	Metrics   *Metrics
	Behaviour *Behaviour
	// Lookups are how it looks up its callees.
	Lookups *Lookups
	// anonymous numbers requests that came without an id.
	anonymous *atomic.Uint64
	// Halt is closed when the instance ends and its grace is over; answering counts the handlers that still run.
	Halt      chan struct{}
	Answering *Tracker
	// spans are of its latest requests.
	spans *spans
	// retained outlives a change of the configuration, term ends with it.
	retained *retained
	term     *term
}

// NewInstance is an instance that has no role yet.
func NewInstance(c Config, e Environment) *Instance {
	if e.Disk == nil {
		e.Disk = Folder(c.Data)
	}
	if e.CPU == nil {
		e.CPU = machine{}
	}
	metrics, lookups := NewMetrics(), new(Lookups)
	return &Instance{
		Config: c, Network: newResolving(heeding{e.Network, metrics}, lookups, metrics, c.Upstreams), Lookups: lookups, Disk: e.Disk, CPU: e.CPU, wake: e.Wake, turn: e.Turn, after: e.After, keep: e.Keep, Metrics: metrics,
		Behaviour: &Behaviour{cold: c.Node.Cold, began: time.Now()}, anonymous: &atomic.Uint64{},
		Halt: make(chan struct{}), Answering: &Tracker{}, retained: &retained{}, term: &term{}, spans: newSpans(),
	}
}

// With is the instance with another configuration. Both share what is the instance's own.
func (i *Instance) With(n scenarios.Node) *Instance {
	next := *i
	next.Config.Node = n
	next.term = &term{}
	return &next
}
