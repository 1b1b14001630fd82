package node

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// instance is what every role needs of its surroundings.
type instance struct {
	config    Config
	network   wire.Network
	disk      Disk
	cpu       CPU
	wake      func(time.Time)
	metrics   *metrics
	behaviour *behaviour
	// anonymous numbers requests that came without an id.
	anonymous *atomic.Uint64
	// halt is closed when the instance ends and its grace is over; answering counts the handlers that still run.
	halt      chan struct{}
	answering *attendance
	// retained outlives a change of the configuration, term ends with it.
	retained *retained
	term     *term
}

// newInstance is an instance that has no role yet.
func newInstance(c Config, e Environment) *instance {
	if e.Disk == nil {
		e.Disk = folder(c.Data)
	}
	if e.CPU == nil {
		e.CPU = machine{}
	}
	return &instance{
		config: c, network: e.Network, disk: e.Disk, cpu: e.CPU, wake: e.Wake, metrics: newMetrics(),
		behaviour: &behaviour{cold: c.Node.Cold, began: time.Now()}, anonymous: &atomic.Uint64{},
		halt: make(chan struct{}), answering: &attendance{}, retained: &retained{}, term: &term{},
	}
}

// with is the instance with another configuration. Both share what is the instance's own.
func (i *instance) with(n scenarios.Node) *instance {
	next := *i
	next.config.Node = n
	next.term = &term{}
	return &next
}
