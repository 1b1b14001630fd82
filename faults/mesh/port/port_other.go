//go:build !linux

package port

import (
	"context"
	"net"
)

// listenPort listens. This system has no way to refuse or hang: edges then reset or freeze what they accept.
func listenPort(ctx context.Context, network, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, network, address)
}
