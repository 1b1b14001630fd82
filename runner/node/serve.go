package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// shutdownGrace is how long a node that was asked to end may take to finish what it has begun.
const shutdownGrace = 5 * time.Second

// role is what an instance does.
type role interface {
	// serve answers the listener's connections until ctx ends, finishes what it has begun (for
	// shutdownGrace at most) and returns nil; any other end is an error. It closes the listener.
	serve(ctx context.Context, l net.Listener) error
	// close gives back what the role holds (pools, the log), after serve.
	close() error
}

// roles is the table of built-in roles.
var roles = map[scenarios.Kind]func(*instance) (role, error){
	scenarios.KindCDN:      newCDN,
	scenarios.KindGateway:  newGateway,
	scenarios.KindService:  newService,
	scenarios.KindDatabase: newDatabase,
	scenarios.KindQueue:    newQueue,
	scenarios.KindStream:   newStream,
	scenarios.KindCache:    newCacheNode,
}

// instance is what every role needs of its surroundings.
type instance struct {
	config    Config
	network   wire.Network
	disk      Disk
	cpu       CPU
	wake      func(time.Time)
	metrics   *metrics
	behaviour *behaviour
	// purge takes away what a cdn or a cache keeps; nil for other roles. It is set while the role is built.
	purge func(softly bool)
	// heard is called when the behaviour was set; nil where nobody waits for that. It is set while the role is built.
	heard func()
	// promote has a replica take writes; nil for whoever is none. It is set while the role is built.
	promote func(context.Context) error
	ready   *atomic.Bool
	// anonymous numbers requests that came without an id.
	anonymous *atomic.Uint64
	transport *http.Transport
	// halt is closed when the instance ends and its grace is over; answering counts the handlers that still run.
	halt      chan struct{}
	answering *attendance
	upstreams map[string]*upstream
	// breakers and budgets are filled while the role is built, and not touched after.
	breakers map[policyOf[scenarios.Breaker]]*breaker
	budgets  map[policyOf[scenarios.Retry]]*budget
	// The same goes for bulkheads, throttles and outliers.
	bulkheads map[policyOf[scenarios.Bulkhead]]*bulkhead
	throttles map[policyOf[scenarios.Throttle]]*throttle
	outliers  map[policyOf[scenarios.Outliers]]*outliers
	// checks are those of callees' health, watching does them while the role serves.
	checks   []*health
	watching *watching
	// kept outlives a change of the configuration, taking is done when it is taken up.
	kept   *holdings
	taking []func()
	// configurator is there when the role is.
	configurator *atomic.Pointer[configurator]
	// warmings are by the callee and how long its replicas take.
	warmings map[*upstream]map[time.Duration]*warming
}

func newInstance(c Config, network wire.Network) *instance {
	i := &instance{
		config: c, network: network, disk: folder(c.Data), cpu: machine{}, metrics: &metrics{}, halt: make(chan struct{}), upstreams: make(map[string]*upstream),
		behaviour: &behaviour{}, ready: &atomic.Bool{}, anonymous: &atomic.Uint64{}, answering: &attendance{},
		kept: &holdings{}, watching: &watching{}, configurator: &atomic.Pointer[configurator]{},
	}
	i.forget()
	i.transport = newTransport(network, c.Node.UpstreamPool)
	for name, replicas := range c.Upstreams {
		i.upstreams[name] = newUpstream(c, name, replicas)
	}
	return i
}

// forget begins the state of policies anew.
func (i *instance) forget() {
	i.breakers = make(map[policyOf[scenarios.Breaker]]*breaker)
	i.budgets = make(map[policyOf[scenarios.Retry]]*budget)
	i.bulkheads = make(map[policyOf[scenarios.Bulkhead]]*bulkhead)
	i.throttles = make(map[policyOf[scenarios.Throttle]]*throttle)
	i.outliers = make(map[policyOf[scenarios.Outliers]]*outliers)
	i.warmings, i.checks = nil, nil
}

// Serve runs one instance until ctx ends. started is called once, when it listens on both its
// addresses and has its data back. After ctx ends the instance takes no new requests, finishes those
// it has for 5 s at most, and Serve returns nil. Any other return is an error that says what failed.
func Serve(ctx context.Context, c Config, network wire.Network, started func(wire.Addresses)) error {
	return ServeOn(ctx, c, Environment{Network: network}, started)
}

// named says whose error it is.
func named(c Config, err error) error {
	if err != nil {
		return fmt.Errorf("serve node %q: %w", c.Instance, err)
	}
	return nil
}

func serve(ctx context.Context, c Config, e Environment, started func(wire.Addresses)) (err error) {
	build, ok := roles[c.Node.Kind]
	if !ok {
		return fmt.Errorf("find the role: kind %q has none built in", c.Node.Kind)
	}
	i := newInstance(c, e.Network)
	i.disk, i.cpu, i.wake = e.Disk, e.CPU, e.Wake
	i.behaviour.cold, i.behaviour.began = c.Node.Cold, time.Now()
	defer i.transport.CloseIdleConnections()
	adminListener, err := e.Network.Listen(ctx, "tcp", c.Admin)
	if err != nil {
		return fmt.Errorf("listen for admin on %q: %w", c.Admin, err)
	}
	// The admin server outlives the role, so that its last counters can be read while it drains.
	adminContext, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	adminDone := make(chan error, 1)
	go func() { adminDone <- serveHTTP(adminContext, adminListener, i.adminHandler(), 0, time.Second) }()
	defer func() {
		stopAdmin()
		err = errors.Join(err, <-adminDone)
	}()

	r, err := build(i)
	if err != nil {
		return fmt.Errorf("start as %s: %w", c.Node.Kind, err)
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, take := range i.taking {
		take()
	}
	i.taking = nil
	i.configurator.Store(&configurator{i: i, role: r, build: build})
	listener, err := e.Network.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", c.Listen, err)
	}
	i.ready.Store(true)
	defer i.ready.Store(false)
	context.AfterFunc(ctx, func() { i.ready.Store(false) })
	if started != nil {
		started(wire.Addresses{Listen: listener.Addr().String(), Admin: adminListener.Addr().String()})
	}
	i.watching.begin(ctx, i.checks)
	defer i.watching.end()
	return r.serve(ctx, listener)
}
