package process

import (
	"context"
	"time"

	"github.com/squallhq/squall/runner/engine/family"
)

// Ready runs the test of its healthcheck where it is time to, and tells how the last one went.
func (k *local) Ready(ctx context.Context) error { return k.tests.Ready(ctx, *k.given.Node.Readiness) }

// run runs a command as the instance does, and waits for its end.
func (k *local) run(ctx context.Context, words []string, most time.Duration, late error) (said string, err error) {
	c, err := k.command(words)
	if err != nil {
		return "", err
	}
	return family.Run(ctx, c, k.testbed.spawner.Start, most, late)
}
