package port

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// TCP is the network of real sockets.
type TCP struct{}

// DialContext dials without keep-alive probes: silence on a connection is for its ends to judge.
func (TCP) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(ctx, network, address)
}

// Listen opens a port that can refuse and hang where the system allows it.
func (TCP) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return listenPort(ctx, network, address)
}

// CloseWrite passes an end of stream on; a connection that has no half-close is closed. An error means that it has ended
// already.
func CloseWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return err
		}
	}
	return c.Close()
}

// NoLinger makes closing send a reset instead of a FIN.
func NoLinger(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = t.SetLinger(0) // it fails only on a connection that has ended
	}
}
