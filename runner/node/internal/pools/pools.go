// Package pools tells how an instance's pools of connections to databases, caches and brokers are used: one that is too small
// shows in what its instance counts.
package pools

import (
	"cmp"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

var (
	waitsTotal = host.NewCounter("squall_pool_waits_total",
		"Times that a statement or command waited for a connection of its pool: all were in use.")
	waitSecondsTotal = host.NewCounter("squall_pool_wait_seconds_total", "Time spent waiting for a connection of a pool.")
	connections      = host.NewGauge("squall_pool_connections", "Connections that pools to databases, caches and brokers have open.")
)

// usual is the most connections that an instance opens to each one that it speaks to, where its node does not say.
const usual = 10

// Size is the most connections of each of an instance's pools.
func Size(i *host.Instance) int { return cmp.Or(i.Config.Node.Pool, usual) }

// Use is how one pool has been used so far.
type Use struct {
	Waits       int64
	Waited      time.Duration
	Connections int64
}

// Pools are an instance's.
type Pools struct {
	mu sync.Mutex
	of []func() Use
}

// Of are the instance's.
func Of(i *host.Instance) *Pools {
	return host.Retain(i, func() *Pools {
		p := new(Pools)
		waitsTotal.Work(i.Metrics, func() float64 { return float64(p.sum().Waits) })
		waitSecondsTotal.Work(i.Metrics, func() float64 { return p.sum().Waited.Seconds() })
		connections.Work(i.Metrics, func() float64 { return float64(p.sum().Connections) })
		return p
	})
}

// Watch takes a pool in for as long as the instance is there; a closed one keeps what it has counted.
func (p *Pools) Watch(use func() Use) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of = append(p.of, use)
}

func (p *Pools) sum() Use {
	p.mu.Lock()
	of := p.of
	p.mu.Unlock()
	var sum Use
	for _, use := range of {
		one := use()
		sum.Waits += one.Waits
		sum.Waited += one.Waited
		sum.Connections += one.Connections
	}
	return sum
}
