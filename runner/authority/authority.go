// Package authority is a certificate authority that one run has for itself: what nodes show and what loads trust. It is made with the
// run and kept in memory alone, so that nothing is left that anybody trusts.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// PEM is its own certificate.
	PEM []byte

	mu   sync.Mutex
	owns map[string]Pair
}

// Pair is a certificate and its key, as PEM.
type Pair struct{ Cert, Key []byte }

// Flaw is what is wrong with a certificate; "" is nothing.
type Flaw string

// The flaws.
const (
	Expired   Flaw = "expired"    // its time is over
	WrongName Flaw = "wrong_name" // it is of somebody else's name
	Untrusted Flaw = "untrusted"  // another authority has signed it
)

const (
	// early allows for clocks that are behind ours, such as a virtual machine's.
	early = time.Hour
	// lifetime is longer than any run, and short enough for clients that accept no more than 825 days.
	lifetime = 398 * 24 * time.Hour
	// strangers is the name that nobody asks for (RFC 2606).
	strangers = "somebody-else.invalid"
)

// New makes one for a run.
func New(run string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the run's certificate authority: %w", err)
	}
	a := &Authority{key: key, owns: map[string]Pair{}, cert: &x509.Certificate{
		Subject: pkix.Name{CommonName: "squall run " + run, Organization: []string{"Squall"}},
		IsCA:    true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	if a.PEM, err = sign(a.cert, a.cert, key, key, time.Now().Add(-early), time.Now().Add(lifetime)); err != nil {
		return nil, fmt.Errorf("make the run's certificate authority: %w", err)
	}
	return a, nil
}

// Own is the certificate of one instance, made when it is first asked for: it keeps that whatever else it has to show for a while.
func (a *Authority) Own(instance string, names []string) (Pair, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, is := a.owns[instance]; is {
		return p, nil
	}
	p, err := a.Issue(names, "")
	if err == nil {
		a.owns[instance] = p
	}
	return p, err
}

// Issue makes a certificate for names and addresses, the first of which is its common name. It is good for a server and for a client.
func (a *Authority) Issue(names []string, flaw Flaw) (Pair, error) {
	if flaw == Untrusted {
		other, err := New("of nobody")
		if err != nil {
			return Pair{}, err
		}
		return other.Issue(names, "")
	}
	from, until := time.Now().Add(-early), time.Now().Add(lifetime)
	switch flaw {
	case Expired:
		from, until = time.Now().Add(-2*early), time.Now().Add(-early)
	case WrongName:
		names = []string{strangers}
	}
	of := &x509.Certificate{
		Subject:  pkix.Name{CommonName: names[0]},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			of.IPAddresses = append(of.IPAddresses, ip)
		} else {
			of.DNSNames = append(of.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make a certificate for %s: %w", names[0], err)
	}
	var p Pair
	if p.Cert, err = sign(of, a.cert, key, a.key, from, until); err != nil {
		return Pair{}, fmt.Errorf("make a certificate for %s: %w", names[0], err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("make a certificate for %s: %w", names[0], err)
	}
	p.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return p, nil
}

func sign(of, by *x509.Certificate, key, with *ecdsa.PrivateKey, from, until time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	of.SerialNumber, of.NotBefore, of.NotAfter = serial, from, until
	der, err := x509.CreateCertificate(rand.Reader, of, by, &key.PublicKey, with)
	if err != nil {
		return nil, err
	}
	if by == of { // what it signs names it by its key's sum, which it has from here on
		if parsed, err := x509.ParseCertificate(der); err == nil {
			*of = *parsed
		}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
