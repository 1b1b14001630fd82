package virtual

import (
	"context"
	"net/http"

	"github.com/squallhq/squall/runner/engine/injection"
)

// configured is the instance as the patches on its configuration find it.
func (i *instance) configured() injection.Configured {
	state := injection.Running
	switch {
	case i.kills > 0:
		state = injection.Killed
	case i.pauses > 0:
		state = injection.Paused
	}
	return injection.Configured{Scenario: i.s.plan.Scenario, Node: &i.config.Node, State: state, Tell: func(ctx context.Context) error {
		return i.admin(ctx, http.MethodPut, "/configure", &i.config.Node, nil)
	}}
}
