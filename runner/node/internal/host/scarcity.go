package host

import (
	"context"
	"net"

	"github.com/squallhq/squall/internal/scarce"
	"github.com/squallhq/squall/runner/wire"
)

var lackedTotal = NewCounter("squall_lacked_total",
	"Connections for which this machine, or the limits of the process, had no file descriptor, port or memory left.")

// heeding is a network that counts the connections for which there was nothing left to make them with.
type heeding struct {
	wire.Network
	metrics *Metrics
}

func (n heeding) heed(err error) {
	if err != nil && scarce.Lacked(err) {
		lackedTotal.In(n.metrics).Add(1)
	}
}

func (n heeding) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := n.Network.DialContext(ctx, network, address)
	n.heed(err)
	return c, err
}

func (n heeding) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := n.Network.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &heedingListener{l, n}, nil
}

type heedingListener struct {
	net.Listener
	network heeding
}

func (l *heedingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	l.network.heed(err)
	return c, err
}
