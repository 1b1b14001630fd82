package store

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// cancelsInTurn has the requests to cancel what a connection is at, each of which is a dial of its own, come after the connection that is
// made in place of it where nobody else decides which of the two is first. Connections are told apart by their numbers.
func (s *Stores) cancelsInTurn(_ context.Context, c *pgx.ConnConfig) error {
	dial, number := c.DialFunc, int(s.connected.Add(1))
	var connected atomic.Bool
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if connected.Swap(true) {
			s.i.InTurn(number)
		}
		return dial(ctx, network, address)
	}
	return nil
}
