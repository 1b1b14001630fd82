package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/squallhq/squall/runner"
)

// bury kills the process (kill -9) and keeps what it had counted: as it was asked an instant before.
func (i *instance) bury(ctx context.Context) {
	k := i.current()
	k.expect()
	if i.pauses == 0 {
		_ = i.read(ctx) // then the last reading stands
	}
	k.kill()
	i.client.CloseIdleConnections()
	i.mu.Lock()
	i.before = i.before.Add(i.last)
	i.last = runner.NodeCounters{}
	i.mu.Unlock()
}

// revive starts the process again with the same configuration, data folder and addresses. Where its ports are taken it
// gets new ones, and its edges are told.
func (i *instance) revive(ctx context.Context) error {
	first := i.start(ctx)
	if first != nil {
		if ctx.Err() != nil {
			return first
		}
		if err := i.move(ctx); err != nil {
			return errors.Join(first, err)
		}
	}
	i.mu.Lock()
	i.restarts++
	i.mu.Unlock()
	i.changes.Started()
	// What other faults still want of it. Its kills are not yet counted down.
	kills := i.kills
	i.kills = 0
	defer func() { i.kills = kills }()
	if len(i.behaviours) > 0 {
		if err := i.behave(ctx); err != nil {
			return err
		}
	}
	if len(i.asks) > 0 {
		if err := i.tellAsks(ctx); err != nil {
			return err
		}
	}
	if i.pauses > 0 {
		return i.current().pause()
	}
	return nil
}

// move starts it on any free ports and turns its edges there.
func (i *instance) move(ctx context.Context) error {
	listen, admin := i.config.Listen, i.config.Admin
	i.config.Listen, i.config.Admin = "127.0.0.1:0", "127.0.0.1:0"
	err := i.start(ctx)
	i.config.Listen, i.config.Admin = listen, admin
	if err != nil {
		return err
	}
	for _, e := range i.s.edgesInto(i.plan.Name) {
		if err := i.s.mesh.SetUpstream(ctx, e.Name, i.address()); err != nil {
			return fmt.Errorf("turn edge %q to the new address of %q: %w", e.Name, i.plan.Name, err)
		}
	}
	return nil
}
