package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Secure is how somebody speaks TLS to a server: whom they trust, and who they are. CA, Cert and Key are PEM; without a CA the
// system's are trusted.
type Secure struct {
	// Name is what is asked for (SNI), and what the server's certificate must have.
	Name string `json:"name"`
	CA   []byte `json:"ca,omitempty"`
	Cert []byte `json:"cert,omitempty"`
	Key  []byte `json:"key,omitempty"`
}

// Config is that of a client that speaks HTTP/1.1.
func (s *Secure) Config() (*tls.Config, error) {
	c := &tls.Config{ServerName: s.Name, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if s.CA != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(s.CA) {
			return nil, errors.New("tls: the ca has no certificate")
		}
	}
	if s.Cert != nil && s.Key != nil {
		pair, err := tls.X509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
