package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// authority signs all certificates of a cluster: those of servers, and those by which everybody says who they are.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	pem         []byte
}

// lifetime of certificates: a cluster for tests is younger.
const lifetime = 365 * 24 * time.Hour

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "squall-cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{key, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// pair is a certificate with its key, both as PEM.
type pair struct{ certificate, key []byte }

// client is the identity of a user of the API; groups may be none.
func (a *authority) client(user string, groups ...string) (pair, error) {
	return a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// server is the identity of a server that is reached by these names and addresses.
func (a *authority) server(name string, also []string, at ...string) (pair, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: also, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, address := range at {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	return a.sign(template)
}

func (a *authority) sign(template *x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber, template.KeyUsage = serial, x509.KeyUsageDigitalSignature
	template.NotBefore, template.NotAfter = a.certificate.NotBefore, a.certificate.NotAfter
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign a certificate of %s: %w", template.Subject.CommonName, err)
	}
	private, err := privateKey(key)
	return pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), private}, err
}

// write leaves a pair as NAME.crt and NAME.key.
func (p pair) write(path string) error {
	if err := writeFile(path+".crt", p.certificate); err != nil {
		return err
	}
	return writeFile(path+".key", p.key)
}

func privateKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// signingKey is what tokens of service accounts are signed with.
func signingKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return privateKey(key)
}

// kubeconfig is a file for one user of the cluster.
func (a *authority) kubeconfig(path, server, user string, groups ...string) error {
	p, err := a.client(user, groups...)
	if err != nil {
		return err
	}
	encode := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: cluster
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: user
  user: {client-certificate-data: %s, client-key-data: %s}
contexts:
- name: cluster
  context: {cluster: cluster, user: user}
current-context: cluster
`, server, encode(a.pem), encode(p.certificate), encode(p.key))
	if err := writeFile(path, []byte(text)); err != nil {
		return fmt.Errorf("write the access of %s: %w", user, err)
	}
	return nil
}

// identities writes everybody's certificates and accesses.
func (c *Cluster) identities() error {
	a, err := newAuthority()
	if err != nil {
		return err
	}
	at := addresses(c.Index)
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving, err := a.server("kube-apiserver", names, "127.0.0.1", at.control(), apiService)
	if err != nil {
		return err
	}
	toKubelets, err := a.client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return err
	}
	tokens, err := signingKey()
	if err != nil {
		return err
	}
	for _, write := range []func() error{
		func() error { return writeFile(c.path("pki", "ca.crt"), a.pem) },
		func() error { return writeFile(c.path("pki", "tokens.key"), tokens) },
		func() error { return serving.write(c.path("pki", "apiserver")) },
		func() error { return toKubelets.write(c.path("pki", "kubelet-client")) },
		func() error { return a.kubeconfig(c.Kubeconfig(), at.api(), "admin", "system:masters") },
		func() error {
			return a.kubeconfig(c.path(control, "controller-manager.kubeconfig"), at.api(), "system:kube-controller-manager")
		},
		func() error {
			return a.kubeconfig(c.path(control, "scheduler.kubeconfig"), at.api(), "system:kube-scheduler")
		},
	} {
		if err := write(); err != nil {
			return err
		}
	}
	for i, node := range c.Nodes {
		if err := c.nodeIdentity(a, node, at.node(i+1)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) nodeIdentity(a *authority, node, address string) error {
	serving, err := a.server(node, []string{node}, address)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.path(node), 0o700); err != nil {
		return err
	}
	if err := serving.write(c.path(node, "kubelet")); err != nil {
		return err
	}
	api := addresses(c.Index).api()
	if err := a.kubeconfig(c.path(node, "kubelet.kubeconfig"), api, "system:node:"+node, "system:nodes"); err != nil {
		return err
	}
	return a.kubeconfig(c.path(node, "proxy.kubeconfig"), api, "system:kube-proxy")
}
