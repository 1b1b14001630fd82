package engine

import (
	"context"
	"maps"
	"net"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/node"
)

// promote has a real database's standby take writes, and counts that as a built-in one does by itself.
func (i *instance) promote(ctx context.Context) error {
	dial := func(ctx context.Context) (net.Conn, error) { return i.testbed.Dial(ctx, i.address()) }
	did, err := node.Promote(ctx, dial, i.plan.Node)
	if err != nil || !did {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	counters := maps.Clone(i.last.Counters)
	if counters == nil {
		counters = map[string]float64{}
	}
	counters[deedCounters[faults.Promoted]]++
	i.last.Counters = counters
	return nil
}
