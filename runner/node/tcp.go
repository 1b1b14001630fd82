package node

import (
	"context"
	"net"
	"time"
)

// TCP is the Network of real sockets. The zero value is ready.
type TCP struct{}

var _ Network = TCP{}

// Listen takes host:port; port 0 is any free one.
func (TCP) Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// DialContext connects with the system's defaults (no delay, keep-alives every 15 s).
func (TCP) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	return dialer.DialContext(ctx, network, address)
}
