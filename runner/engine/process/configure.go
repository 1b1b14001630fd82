package process

import (
	"context"
	"net/http"

	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/wire"
)

// configured is the instance as the patches on its configuration find it.
func (i *instance) configured() injection.Configured {
	return injection.Configured{Plan: i.s.plan, Node: &i.config.Node, State: injection.StateOf(i.kills, i.pauses), Tell: func(ctx context.Context) error {
		return i.admin(ctx, http.MethodPut, wire.AdminConfigure, &i.config.Node, nil)
	}}
}
