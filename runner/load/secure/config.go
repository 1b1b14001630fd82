// Package secure is TLS as a load speaks it: whom it trusts and who it is.
package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/squallhq/squall/scenarios"
)

// Config is that of a load's TLS; nil for one without. It offers HTTP/2 where the load speaks it, and nothing else then.
func Config(l *scenarios.Load) (*tls.Config, error) {
	t := l.TLS
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{ServerName: l.To, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if l.HTTP == "2" {
		c.NextProtos = []string{"h2"}
	}
	if t.CA != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(t.CA.Bytes) {
			return nil, errors.New("tls: the ca has no certificate")
		}
	}
	if t.Cert != nil && t.Key != nil {
		pair, err := tls.X509KeyPair(t.Cert.Bytes, t.Key.Bytes)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
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
