package process

import (
	"context"
	"net/http"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/wire"
)

// injector carries primitives out on this system.
func (s *system) injector() *injection.Injector {
	return &injection.Injector{
		Mesh: s.mesh,
		Instance: func(name string) (injection.Instance, bool) {
			i, ok := s.byName[name]
			return i, ok
		},
		EdgesInto: func(instance string) []string {
			var names []string
			for _, e := range s.edgesInto(instance) {
				names = append(names, e.Name)
			}
			return names
		},
	}
}

// Inject carries primitives out: those on edges by the mesh, those on instances here, all at once.
func (s *system) Inject(ctx context.Context, primitives []faults.Primitive) (runner.Undo, error) {
	return s.faults.Inject(ctx, primitives)
}

var _ injection.Instance = (*instance)(nil)

// Act carries one primitive out on this instance.
func (i *instance) Act(ctx context.Context, p faults.Primitive) error {
	i.acts.Lock()
	defer i.acts.Unlock()
	if i.gone {
		return errDown
	}
	switch p.Op {
	case faults.OpKill:
		if i.kills++; i.kills == 1 {
			i.bury(ctx)
		}
		return nil
	case faults.OpStop:
		if i.kills++; i.kills == 1 {
			i.retire(ctx, p)
		}
		return nil
	case faults.OpPause:
		if i.pauses == 0 && i.kills == 0 {
			if err := i.pause(ctx); err != nil {
				return err
			}
		}
		i.pauses++
		return nil
	case faults.OpBehave:
		i.behaviours = append(i.behaviours, p.Behaviour)
		if err := i.behave(ctx); err != nil {
			i.behaviours = i.behaviours[:len(i.behaviours)-1]
			return err
		}
		return nil
	case faults.OpAsk:
		i.asks = append(i.asks, p.Ask)
		if err := i.tellAsks(ctx); err != nil {
			i.asks = i.asks[:len(i.asks)-1]
			return err
		}
		return nil
	case faults.OpConfigure:
		return i.changes.Put(ctx, i.configured(), p.Patch)
	default:
		return supports(p)
	}
}

// Unact takes one primitive back. On an error it is still on.
func (i *instance) Unact(ctx context.Context, p faults.Primitive) error {
	i.acts.Lock()
	defer i.acts.Unlock()
	if i.gone {
		return nil // with it, everything that was on it
	}
	switch p.Op {
	case faults.OpKill, faults.OpStop:
		if i.kills == 1 {
			if err := i.revive(ctx); err != nil {
				return err
			}
		}
		i.kills--
		if p.Op == faults.OpStop && !p.Untold && i.kills == 0 {
			i.withdrawal().End(ctx)
		}
	case faults.OpPause:
		if i.pauses == 1 && i.kills == 0 {
			if err := i.current().resume(); err != nil {
				return err
			}
			if err := i.changes.Resumed(ctx, i.configured()); err != nil {
				return err
			}
		}
		i.pauses--
	case faults.OpBehave:
		was := i.behaviours
		i.behaviours = slices.Clone(was)
		if at := slices.Index(i.behaviours, p.Behaviour); at >= 0 {
			i.behaviours = slices.Delete(i.behaviours, at, at+1)
		}
		if err := i.behave(ctx); err != nil {
			i.behaviours = was
			return err
		}
	case faults.OpAsk:
		was := i.asks
		i.asks = slices.Clone(was)
		if at := slices.Index(i.asks, p.Ask); at >= 0 {
			i.asks = slices.Delete(i.asks, at, at+1)
		}
		if err := i.tellAsks(ctx); err != nil {
			i.asks = was
			return err
		}
	case faults.OpConfigure:
		return i.changes.Take(ctx, i.configured(), p.Patch)
	}
	return nil
}

// pause stops the process, after its counters were read: it can't be asked while it is stopped.
func (i *instance) pause(ctx context.Context) error {
	_ = i.read(ctx) // then the last reading stands
	return i.current().pause()
}

// behave tells the process how to behave: as all behaviours that are on say together. A killed or paused process can't be
// told; a killed one is when it starts again.
func (i *instance) behave(ctx context.Context) error {
	if i.kills > 0 {
		return nil
	}
	if len(i.behaviours) == 0 {
		return i.admin(ctx, http.MethodDelete, wire.AdminBehave, nil, nil)
	}
	all := faults.Combine(i.behaviours...)
	return i.admin(ctx, http.MethodPut, wire.AdminBehave, &all, nil)
}

// tellAsks tells the instance what is asked of it now; like behave.
func (i *instance) tellAsks(ctx context.Context) error {
	if i.kills > 0 {
		return nil
	}
	return i.admin(ctx, http.MethodPut, wire.AdminAsks, i.asks, nil)
}
