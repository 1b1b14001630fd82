package wire

import (
	"context"
	"net"
)

// Network is how nodes and the mesh meet others: real sockets in the process and docker engines, memory in the virtual
// one. It is safe for concurrent use.
type Network interface {
	// Listen takes host:port; port 0 is any free one.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}
