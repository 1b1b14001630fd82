package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/node/internal/cache"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/cdn"
	"github.com/squallhq/squall/runner/node/internal/database"
	"github.com/squallhq/squall/runner/node/internal/gateway"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/service"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// roles is the table of built-in roles.
var roles = map[scenarios.Kind]func(*host.Instance) (host.Role, error){
	scenarios.KindCDN:      cdn.New,
	scenarios.KindGateway:  gateway.New,
	scenarios.KindService:  service.New,
	scenarios.KindDatabase: database.New,
	scenarios.KindQueue:    broker.NewQueue,
	scenarios.KindStream:   broker.NewStream,
	scenarios.KindCache:    cache.New,
}

// Serve runs one instance until ctx ends. started is called once, when it listens on both its
// addresses and has its data back. After ctx ends the instance takes no new requests, finishes those
// it has for 5 s at most, and Serve returns nil. Any other return is an error that says what failed.
func Serve(ctx context.Context, c host.Config, e host.Environment, started func(wire.Addresses)) error {
	if err := serve(ctx, c, e, started); err != nil {
		return fmt.Errorf("serve node %q: %w", c.Instance, err)
	}
	return nil
}

func serve(ctx context.Context, c host.Config, e host.Environment, started func(wire.Addresses)) (err error) {
	build, ok := roles[c.Node.Kind]
	if !ok {
		return fmt.Errorf("find the role: kind %q has none built in", c.Node.Kind)
	}
	i := host.NewInstance(c, e)
	defer call.CalleesOf(i).Close()
	a := &admin{i: i}
	adminListener, err := i.Network.Listen(ctx, "tcp", c.Admin)
	if err != nil {
		return fmt.Errorf("listen for admin on %q: %w", c.Admin, err)
	}
	// The admin server outlives the role, so that its last counters can be read while it drains.
	adminContext, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	adminDone := make(chan error, 1)
	go func() {
		adminDone <- host.ServeHTTPUntil(adminContext, adminListener, a.handler(), 0, time.Second, nil)
	}()
	defer func() {
		stopAdmin()
		err = errors.Join(err, <-adminDone)
	}()

	r, err := build(i)
	if err != nil {
		return fmt.Errorf("start as %s: %w", c.Node.Kind, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	i.Commit()
	current := &configurator{i: i, role: r, build: build}
	a.configurator.Store(current)
	listener, err := i.Network.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", c.Listen, err)
	}
	a.ready.Store(true)
	defer a.ready.Store(false)
	context.AfterFunc(ctx, func() { a.ready.Store(false) })
	if started != nil {
		started(wire.Addresses{Listen: listener.Addr().String(), Admin: adminListener.Addr().String()})
	}
	current.begin(ctx)
	defer current.end()
	return r.Serve(ctx, listener)
}
