package engine

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/squallhq/squall/runner/node"
)

// setupTimeout bounds what a database is set up with.
const setupTimeout = 5 * time.Minute

// setUp runs the SQL of the databases that are there with all their replicas since a level was started.
func (s *system) setUp(ctx context.Context, level int) error {
	for _, i := range s.instances {
		n := i.plan.Node
		if n.Setup == "" || s.wholeAt(i) != level {
			continue
		}
		bounded, cancel := context.WithTimeoutCause(ctx, setupTimeout, fmt.Errorf("it took longer than %s", setupTimeout))
		dial := func(ctx context.Context) (net.Conn, error) { return s.testbed.Dial(ctx, i.address()) }
		err := node.Setup(bounded, dial, n)
		cancel()
		if err != nil {
			return fmt.Errorf("set %q up: %w", i.plan.Name, err)
		}
	}
	return nil
}

// wholeAt is the level with which a database and its replicas have started.
func (s *system) wholeAt(i *instance) int {
	level := i.plan.Level
	for _, other := range s.instances {
		if other.plan.Node.ReplicaOf == i.plan.Node.Name {
			level = max(level, other.plan.Level)
		}
	}
	return level
}
