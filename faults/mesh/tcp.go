package mesh

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// tcpNetwork is the network of real sockets.
type tcpNetwork struct{}

// DialContext dials without keep-alive probes: silence on a connection is for its ends to judge.
func (tcpNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(ctx, network, address)
}

// Listen opens a port that can refuse and hang where the system allows it.
func (tcpNetwork) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return listenPort(ctx, network, address)
}

// closeWrite passes an end of stream on; a connection that has no half-close is closed. An error means that it has ended
// already.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return err
		}
	}
	return c.Close()
}

// setNoLinger makes closing send a reset instead of a FIN.
func setNoLinger(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = t.SetLinger(0) // it fails only on a connection that has ended
	}
}
