package virtual

import (
	"context"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/engine/withdrawal"
)

// retire ends the instance as SIGTERM does: it takes nothing new and finishes what it has. Its callers are told first.
func (i *instance) retire(ctx context.Context, p faults.Primitive) {
	if !p.Untold {
		i.withdrawal().Begin(ctx)
	}
	if i.pauses == 0 {
		_ = i.read(ctx) // then the last reading stands
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawal.DrainGrace)
		i.current().stop(grace.Done())
		cancel()
	}
	i.bury(ctx)
}

// withdrawal is what the instances that call this one are told.
func (i *instance) withdrawal() withdrawal.Notice {
	w := withdrawal.Notice{Instance: i.plan.Name}
	for _, e := range i.s.edgesInto(i.plan.Name) {
		if caller, is := i.s.byName[e.From]; is {
			w.Callers = append(w.Callers, func(ctx context.Context, method, path string) error {
				return caller.admin(ctx, method, path, nil, nil)
			})
		}
	}
	return w
}
