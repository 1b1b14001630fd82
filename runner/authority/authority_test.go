package authority_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/squallhq/squall/runner/authority"
)

func parsed(t *testing.T, p authority.Pair) *x509.Certificate {
	t.Helper()
	if _, err := tls.X509KeyPair(p.Cert, p.Key); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(p.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// A certificate is good for each of its names and addresses, as a server's and as a client's, and each flaw is that one alone.
func TestCertificatesAreWhatTheyAreToBe(t *testing.T) {
	a, err := authority.New("r1")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM) {
		t.Fatal("its own certificate is none")
	}
	for flaw, is := range map[authority.Flaw]func(error) bool{
		"": func(err error) bool { return err == nil },
		authority.Expired: func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		},
		authority.WrongName: func(err error) bool {
			var e x509.HostnameError
			return errors.As(err, &e)
		},
		authority.Untrusted: func(err error) bool {
			var e x509.UnknownAuthorityError
			return errors.As(err, &e)
		},
	} {
		pair, err := a.Issue([]string{"web", "shop.test", "127.0.0.1"}, flaw)
		if err != nil {
			t.Fatal(err)
		}
		cert := parsed(t, pair)
		for _, name := range []string{"web", "shop.test", "127.0.0.1"} {
			for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
				_, err := cert.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
				if !is(err) {
					t.Errorf("%q for %s: %v", flaw, name, err)
				}
			}
		}
		first, err := a.Own("web-1", []string{"web"})
		again, errAgain := a.Own("web-1", []string{"web"})
		other, errOther := a.Own("web-2", []string{"web"})
		if err != nil || errAgain != nil || errOther != nil || !bytes.Equal(first.Cert, again.Cert) || bytes.Equal(first.Cert, other.Cert) {
			t.Error("an instance does not keep its own certificate")
		}
		if err := cert.VerifyHostname("bank.test"); err == nil {
			t.Errorf("%q is of a name that it was not made for", flaw)
		}
	}
}
