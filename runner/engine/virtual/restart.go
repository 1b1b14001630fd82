package virtual

import (
	"context"

	"github.com/squallhq/squall/runner"
)

// bury ends this life (kill -9) and keeps what it had counted: as it was asked an instant before.
func (i *instance) bury(ctx context.Context) {
	if i.pauses == 0 {
		_ = i.read(ctx) // then the last reading stands
	}
	i.current().kill()
	i.mu.Lock()
	i.before = i.before.Add(i.last)
	i.last = runner.NodeCounters{}
	i.mu.Unlock()
}

// revive begins another life with the same configuration, data and addresses.
func (i *instance) revive(ctx context.Context) error {
	if err := i.start(ctx); err != nil {
		return err
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
		i.current().pause()
	}
	return nil
}
