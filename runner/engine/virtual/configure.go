package virtual

import (
	"context"
	"net/http"
	"slices"

	"github.com/squallhq/squall/faults"
)

// change puts a patch on the instance's configuration, over those that are on.
func (i *instance) change(ctx context.Context, p *faults.Patch) error {
	return i.configure(ctx, append(slices.Clone(i.patches), p))
}

// unchange takes exactly this patch off.
func (i *instance) unchange(ctx context.Context, p *faults.Patch) error {
	return i.configure(ctx, slices.DeleteFunc(slices.Clone(i.patches), func(o *faults.Patch) bool { return o == p }))
}

// configure runs the instance with these patches. One that is killed starts with them, and one that is paused is told
// when it goes on. On an error it is as it was.
func (i *instance) configure(ctx context.Context, patches []*faults.Patch) error {
	values := make([]faults.Patch, len(patches))
	for n, p := range patches {
		values[n] = *p
	}
	node, err := i.s.plan.Scenario.Changed(i.plan.Node.Name, values...)
	if err != nil {
		return err
	}
	was := i.config.Node
	i.config.Node = *node
	switch {
	case i.kills > 0:
	case i.pauses > 0:
		i.untold = true
	default:
		if err := i.tell(ctx); err != nil {
			i.config.Node = was
			return err
		}
	}
	i.patches = patches
	return nil
}

// tell has the running instance take up its configuration.
func (i *instance) tell(ctx context.Context) error {
	if err := i.admin(ctx, http.MethodPut, "/configure", &i.config.Node, nil); err != nil {
		return err
	}
	i.untold = false
	return nil
}
