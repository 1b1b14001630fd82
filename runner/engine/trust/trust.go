// Package trust is whom built-in nodes trust that speak TLS in a container, which has no certificates of a system. It asks no engine.
package trust

import (
	"fmt"
	"os"

	"github.com/squallhq/squall/scenarios/topology"
)

// rootFiles are where systems keep the certificates that they trust.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
}

// Roots are the certificates that this machine trusts, for built-in nodes, whose containers have none; nil: they are not in a file.
func Roots() []byte {
	for _, file := range append([]string{os.Getenv("SSL_CERT_FILE")}, rootFiles...) {
		if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
			return data
		}
	}
	return nil
}

// Check wants built-in callers to have somebody to trust where they speak TLS.
func Check(p *topology.Plan, have []byte) error {
	for _, e := range p.Edges {
		to := p.Scenario.Node(e.ToNode)
		from, called := p.Instance(e.From)
		if !called || !from.Node.BuiltIn() || have != nil {
			continue
		}
		if secure := to.Secure(); secure != nil && secure.CA == nil {
			return fmt.Errorf("node %q: %s speaks TLS to it in a container, and this machine has no file of the certificates that it trusts; add tls: {ca: FILE}", to.Name, from.Node.Name)
		}
	}
	return nil
}
