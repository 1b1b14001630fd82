package faults

import "fmt"

// Certificate has each instance show a certificate that is not good, as when nobody has renewed it.
type Certificate struct {
	// What is wrong with it: expired (default); wrong_name, it is of another name; untrusted, another authority has signed it.
	How string `yaml:"how" json:"how,omitempty" enum:"expired,wrong_name,untrusted"`
}

var (
	_ Kind    = Certificate{}
	_ Checker = Certificate{}
)

// What can be wrong with a certificate.
const (
	CertificateExpired   = "expired" // the default
	CertificateWrongName = "wrong_name"
	CertificateUntrusted = "untrusted"
)

// Kind is "certificate".
func (Certificate) Kind() string { return "certificate" }

func (c Certificate) flaw() string {
	if c.How == "" {
		return CertificateExpired
	}
	return c.How
}

// String is what is shown.
func (c Certificate) String() string { return CertificateText(c.flaw()) }

// CertificateText is a certificate with a flaw, in words.
func CertificateText(flaw string) string {
	switch flaw {
	case CertificateWrongName:
		return "a certificate of another name"
	case CertificateUntrusted:
		return "a certificate of an authority that nobody trusts"
	}
	return "an expired certificate"
}

// Scope is instances.
func (Certificate) Scope() Scope { return ScopeInstances }

// Validate refuses unknown words.
func (c Certificate) Validate() error {
	return checkWord("how", c.How, CertificateExpired, CertificateWrongName, CertificateUntrusted)
}

// Check wants images, or local commands, with a certificate of the run's that can be told of another.
func (Certificate) Check(t Targets) error {
	for _, n := range t.Nodes {
		switch {
		case n.Image == "":
			return fmt.Errorf("certificate is for images and local commands, and %q is built in and speaks no TLS", n.Name)
		case !n.Certificate:
			return fmt.Errorf("%q has no certificate of the run's: give it one, as in certificate: {cert: /etc/tls/web.crt, key: /etc/tls/web.key, reload: SIGHUP}", n.Name)
		case !n.Reloads:
			return fmt.Errorf("nothing says how %q is told of another certificate: add reload to its certificate, as in reload: [nginx, -s, reload], SIGHUP, or none", n.Name)
		}
	}
	return nil
}

// Compile is one primitive an instance.
func (c Certificate) Compile(t Targets) []Primitive {
	return on(t, Primitive{Op: OpCertificate, Certificate: c.flaw()})
}

var certificateEntry = Entry{Word: "certificate", Zero: Certificate{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances show a certificate that is not good: their files are swapped and they are told, and it is seen at a handshake that they show it (images and local commands with a certificate; docker and process engines).",
	New:     "TLS fails at the handshake, as x509 says, where the client verifies at all (loads: class tls)",
	Open:    "as ever: a certificate is looked at when a connection begins",
	Lifted:  "the instance has its own certificate again; what failed connects anew",
	Example: "{certificate: web, how: expired, for: 10s}",
}}
