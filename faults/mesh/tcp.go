package mesh

import (
	"context"
	"net"

	"github.com/squallhq/squall/runner/wire"
)

// tcpNetwork is the network of real sockets.
type tcpNetwork struct{}

var _ wire.Network = tcpNetwork{}

// DialContext dials without keep-alive probes: silence on a connection is for its ends to judge.
func (tcpNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(ctx, network, address)
}

// Listen opens a port that can refuse and hang where the system allows it.
func (tcpNetwork) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return listenPort(ctx, network, address)
}
