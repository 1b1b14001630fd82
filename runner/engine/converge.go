package engine

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
)

// told is what an incarnation was told last of what the wishes want of it.
type told struct {
	cores     float64
	memory    int64
	image     string
	behaviour faults.Behaviour
	asks      []faults.Ask
	patches   []*faults.Patch
	lookups   map[string]faults.NameLookup
}

// converge makes the instance what all injections together want: killed while one kills it, drained while one stops it,
// else running with the least CPU, the sum of misbehaviours and all the changes that they ask for, and standing still
// while one pauses it. acts is held.
func (i *instance) converge(ctx context.Context) error {
	switch {
	case i.gone:
		return errDown
	case !i.down && i.hasFallen():
		i.ended()
	}
	switch {
	case i.down && (i.want(faults.OpKill) || i.want(faults.OpStop)):
		return nil
	case i.want(faults.OpKill):
		return i.kill(ctx)
	case i.want(faults.OpStop):
		return i.drain(ctx)
	}
	if i.moved && !i.want(faults.OpMachineDrain) {
		if err := i.goHome(ctx); err != nil {
			return err
		}
	}
	if !i.down && i.wishes.image() != i.told.image {
		if err := i.replace(ctx); err != nil {
			return err
		}
	}
	if err := i.fill(ctx); err != nil { // before it starts: what has ended as its disk was full would not
		return err
	}
	if i.down {
		if err := i.restart(ctx); err != nil {
			return err
		}
	}
	if err := i.limit(ctx); err != nil {
		return err
	}
	if err := i.limitMemory(ctx); err != nil {
		return err
	}
	if i.paused && !i.want(faults.OpPause) {
		if err := i.resume(ctx); err != nil {
			return err
		}
	}
	if i.paused {
		return nil // it can be told nothing until it goes on
	}
	for _, tell := range []func(context.Context) error{i.behave, i.askFor, i.configure, i.resolve, i.certify} {
		if err := tell(ctx); err != nil {
			return err
		}
	}
	if i.want(faults.OpPause) {
		return i.pause(ctx)
	}
	return nil
}

// limit gives it the least CPU that is asked for, or what the scenario gives it.
func (i *instance) limit(ctx context.Context) error {
	want := i.cores()
	if want == i.told.cores {
		return nil
	}
	p, can := i.current().(Limiter)
	if !can {
		return fmt.Errorf("limit %q to %g CPUs: the %s engine can't", i.plan.Name, want, i.driver.Name())
	}
	if err := p.Limit(ctx, want); err != nil {
		return fmt.Errorf("limit %q to %g CPUs: %w", i.plan.Name, want, err)
	}
	i.told.cores = want
	return nil
}

// limitMemory gives it the least memory that is asked for, or what the scenario gives it.
func (i *instance) limitMemory(ctx context.Context) error {
	want := i.leastMemory()
	if want == i.told.memory {
		return nil
	}
	p, can := i.current().(MemoryLimiter)
	if !can {
		return fmt.Errorf("limit the memory of %q: the %s engine can't", i.plan.Name, i.driver.Name())
	}
	if err := p.LimitMemory(ctx, want); err != nil {
		return fmt.Errorf("limit the memory of %q to %d bytes: %w", i.plan.Name, want, err)
	}
	i.told.memory = want
	i.suffers(&i.starving, want > 0)
	return nil
}

// pause stops it in its tracks, after its counters were read: it can't be asked while it stands still.
func (i *instance) pause(ctx context.Context) error {
	p, can := i.current().(Pauser)
	if !can {
		return fmt.Errorf("pause %q: the %s engine can't", i.plan.Name, i.driver.Name())
	}
	i.lastReading(ctx)
	if err := p.Pause(ctx); err != nil {
		return fmt.Errorf("pause %q: %w", i.plan.Name, err)
	}
	i.unseen()
	i.paused = true
	i.setAway(true)
	return nil
}

// resume lets it go on, and tells it what it has missed of its callees.
func (i *instance) resume(ctx context.Context) error {
	if err := i.current().(Pauser).Resume(ctx); err != nil {
		return fmt.Errorf("resume %q: %w", i.plan.Name, err)
	}
	i.paused = false
	i.setAway(false)
	i.tellAll(ctx, i)
	return nil
}

// behave tells a built-in node how to misbehave; one that was restarted has forgotten.
func (i *instance) behave(ctx context.Context) error {
	want := i.behaviour()
	if want == i.told.behaviour {
		return nil
	}
	var err error
	if want == (faults.Behaviour{}) {
		err = i.tell(ctx, http.MethodDelete, wire.AdminBehave, nil)
	} else {
		err = i.tell(ctx, http.MethodPut, wire.AdminBehave, &want)
	}
	if err != nil {
		return fmt.Errorf("make %q misbehave: %w", i.plan.Name, err)
	}
	i.told.behaviour = want
	return nil
}

// askFor tells a node what is asked of it now; it does each once.
func (i *instance) askFor(ctx context.Context) error {
	want := i.asks()
	if slices.Equal(want, i.told.asks) {
		return nil
	}
	if i.image() {
		if len(want) > len(i.told.asks) { // all that an image can be asked for
			if err := i.promote(ctx); err != nil {
				return fmt.Errorf("promote %q: %w", i.plan.Name, err)
			}
		}
		i.told.asks = want
		return nil
	}
	if err := i.tell(ctx, http.MethodPut, wire.AdminAsks, want); err != nil {
		return fmt.Errorf("ask %q: %w", i.plan.Name, err)
	}
	i.told.asks = want
	return nil
}

// configure runs a built-in node with the changes that are on.
func (i *instance) configure(ctx context.Context) error {
	want := i.patches()
	if slices.Equal(want, i.told.patches) {
		return nil
	}
	node, err := i.configuration()
	if err != nil {
		return err
	}
	if err := i.tell(ctx, http.MethodPut, wire.AdminConfigure, node); err != nil {
		return fmt.Errorf("configure %q: %w", i.plan.Name, err)
	}
	i.told.patches = want
	return nil
}
