package injection

import (
	"context"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Configuration is an instance's, with the patches that faults have put on it. Its user lets one act on it at a time.
type Configuration struct {
	// patches are those that are on, in their order.
	patches []*faults.Patch
	// untold: the instance was paused, and does not know of them yet.
	untold bool
}

// State is what an instance can be told now.
type State int

// A running instance is told at once, a paused one when it goes on, and a killed one starts with what is on then.
const (
	Running State = iota
	Paused
	Killed
)

// StateOf is the state of an instance that so many faults have killed or paused.
func StateOf(kills, pauses int) State {
	switch {
	case kills > 0:
		return Killed
	case pauses > 0:
		return Paused
	default:
		return Running
	}
}

// Configured is an instance as a Configuration deals with it.
type Configured struct {
	Plan *topology.Plan
	// Node is the instance's own copy, which is replaced.
	Node  *scenarios.Node
	State State
	// Tell has the running instance take Node up.
	Tell func(context.Context) error
}

// Put puts a patch on, over those that are on. On an error the instance is as it was.
func (c *Configuration) Put(ctx context.Context, i Configured, p *faults.Patch) error {
	return c.set(ctx, i, append(slices.Clone(c.patches), p))
}

// Take takes exactly this patch off. On an error the instance is as it was.
func (c *Configuration) Take(ctx context.Context, i Configured, p *faults.Patch) error {
	return c.set(ctx, i, slices.DeleteFunc(slices.Clone(c.patches), func(o *faults.Patch) bool { return o == p }))
}

func (c *Configuration) set(ctx context.Context, i Configured, patches []*faults.Patch) error {
	values := make([]faults.Patch, len(patches))
	for n, p := range patches {
		values[n] = *p
	}
	node, err := i.Plan.Changed(i.Node.Name, values...)
	if err != nil {
		return err
	}
	was := *i.Node
	*i.Node = *node
	switch i.State {
	case Paused:
		c.untold = true
	case Running:
		if err := i.Tell(ctx); err != nil {
			*i.Node = was
			return err
		}
		c.untold = false
	}
	c.patches = patches
	return nil
}

// Resumed tells an instance that goes on what it has missed.
func (c *Configuration) Resumed(ctx context.Context, i Configured) error {
	if !c.untold {
		return nil
	}
	if err := i.Tell(ctx); err != nil {
		return err
	}
	c.untold = false
	return nil
}

// Started: the instance has started with its configuration as it now is.
func (c *Configuration) Started() { c.untold = false }
