// Package secure is TLS as a load speaks it: whom it trusts and who it is.
package secure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/scenarios"
)

// Config is that of a load's TLS; nil for one without. It offers HTTP/2 where the load speaks it, and nothing else then. run is what it has
// of the run's own authority.
func Config(l *scenarios.Load, run order.Credentials) (*tls.Config, error) {
	t := l.TLS
	if t == nil {
		return nil, nil
	}
	if t.TrustsRun && run.CA == nil || t.ShowsRun && run.Cert == nil {
		return nil, errors.New("tls: the run has no authority of its own")
	}
	own := t.Secure(l.To)
	if t.TrustsRun {
		own.CA = run.CA
	}
	if t.ShowsRun {
		own.Cert, own.Key = run.Cert, run.Key
	}
	c, err := own.Config()
	if err == nil && (l.HTTP == "2" || l.Protocol() == scenarios.GRPC) {
		c.NextProtos = []string{"h2"}
	}
	return c, err
}

// Client shakes hands over a connection, which it closes where that fails.
func Client(ctx context.Context, raw net.Conn, c *tls.Config) (net.Conn, error) {
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return conn, nil
}

// Said tells an error of TLS itself from one of the connection below it.
func Said(err error) bool {
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	if errors.As(err, &verification) || errors.As(err, &alert) || errors.As(err, &record) {
		return true
	}
	// The peer's alert comes as an error of the network that says so.
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}
