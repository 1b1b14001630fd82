package node

import (
	"context"
	"net"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

// TCP is the Network of real sockets. The zero value is ready.
type TCP struct{}

var _ wire.Network = TCP{}

// Listen takes host:port; port 0 is any free one.
func (TCP) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, network, address)
}

// DialContext connects with the system's defaults (no delay, keep-alives every 15 s).
func (TCP) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	return dialer.DialContext(ctx, network, address)
}
