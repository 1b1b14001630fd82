// Package readback reads back what a load has written, as the load says: over HTTP from whoever lists it, by SQL, or by a command of Redis.
package readback

import (
	"context"
	"net"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Read are the ids that an instance lists of a load's writes, in its order and as often as each is there, over connections that
// dial makes.
func Read(ctx context.Context, dial func(context.Context) (net.Conn, error), l *scenarios.Load, i topology.Instance) ([]string, error) {
	if l.ReadBack.Redis != "" {
		return node.ReadCommand(ctx, dial, i.Node, l.ReadBack.Command)
	}
	if l.ReadBack.SQL != "" {
		return node.ReadColumn(ctx, dial, i.Node, l.ReadBack.Query)
	}
	return overHTTP(ctx, dial, l, i.Node)
}
