package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"

	"github.com/squallhq/squall/runner/engine"
)

// earlyTests is the engine's API that runs tests more often while a container starts.
const earlyTests = "1.44"

func (e *Engine) testsEarly() bool {
	return versions.GreaterThanOrEqualTo(e.api.ClientVersion(), earlyTests)
}

var _ engine.Tested = (*process)(nil)

// Ready tells what the engine says of the test that it runs.
func (k *process) Ready(ctx context.Context) error {
	inspected, err := k.engine.api.ContainerInspect(ctx, k.id)
	if err != nil {
		return err
	}
	if inspected.State == nil || inspected.State.Health == nil {
		return errors.New("the engine runs no test of it")
	}
	if !inspected.State.Running {
		return errors.New("it does not run") // its end is told with its exit code
	}
	h := inspected.State.Health
	switch h.Status {
	case container.Healthy:
		return nil
	case container.Unhealthy:
		return &engine.NeverReady{Why: fmt.Sprintf("the test of its healthcheck failed %d times, and %s", h.FailingStreak, lastLook(h))}
	}
	return fmt.Errorf("the test of its healthcheck has not succeeded yet: %s", lastLook(h))
}

// lastLook is how the last test went, in words.
func lastLook(h *container.Health) string {
	if len(h.Log) == 0 || h.Log[len(h.Log)-1] == nil {
		return "it has not ended"
	}
	last := h.Log[len(h.Log)-1]
	said := cmp.Or(quoted([]byte(last.Output)), "it said nothing")
	if last.ExitCode < 0 {
		return "its last ended without an exit code: " + said
	}
	return fmt.Sprintf("its last ended with exit code %d: %s", last.ExitCode, said)
}
