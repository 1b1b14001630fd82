package scenarios

import (
	"slices"
	"strconv"
)

// Certificate is what an image shows who it is with: made for the run by the run's own authority, and put where the image looks for it.
type Certificate struct {
	// Where the image looks for its certificate, as PEM.
	Cert string `yaml:"cert" need:"yes" json:"cert"`
	// Where it looks for the key. Where that is the same file, both are in it.
	Key string `yaml:"key" need:"yes" json:"key"`
	// Where it looks for the certificate of the run's authority, to trust those who show one of the run's: loads with cert: run, and
	// other nodes.
	CA string `yaml:"ca" json:"ca,omitempty"`
	// The names and addresses that it is for, besides the node's and localhost.
	Names []string `yaml:"names" json:"names,omitempty"`
	// Whose the files are in the image: a name or number, or USER:GROUP. Default root's. The key is its owner's alone to read.
	User string `yaml:"user" json:"user,omitempty"`
	// The port at which the image shows it from the first byte on, where a fault looks whether it does. Default the node's.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// How the image is told that the files have changed, which a fault of its certificate needs: a command in it, as in
	// [nginx, -s, reload], a signal, as in SIGHUP, or none where it reads them at each handshake.
	Reload Words `yaml:"reload" json:"reload,omitempty"`
}

// ReloadNone is the reload of an image that needs none.
const ReloadNone = "none"

// OfRun is the word for the run's own authority, in place of a file.
const OfRun = "run"

// CertificateNames are the names and addresses that a node's certificate is for, those of each of its instances among them.
func (n *Node) CertificateNames() []string {
	names := []string{n.Name}
	for i := range max(n.Replicas, 1) {
		names = append(names, n.Name+"-"+strconv.Itoa(i+1))
	}
	names = append(names, "localhost", "127.0.0.1")
	if n.Certificate != nil {
		names = append(names, n.Certificate.Names...)
	}
	return names
}

// Certified tells that somebody has, or trusts, a certificate of the run's own authority.
func (s *Scenario) Certified() bool {
	return slices.ContainsFunc(s.Nodes, func(n *Node) bool { return n.Certificate != nil }) ||
		slices.ContainsFunc(s.Loads, func(l *Load) bool { return l.TLS.OfRun() })
}

// OfRun tells that the run's own authority is trusted, or shown to.
func (t *TLS) OfRun() bool { return t != nil && (t.TrustsRun || t.ShowsRun) }
