package scenarios

import (
	"cmp"

	"github.com/squallhq/squall/runner/wire"
)

// TLS is how a load's users, or the callers of an external node, speak TLS: whom they trust, and who they are. Key and certificates are read with the scenario; a
// record has their sums.
type TLS struct {
	// A file of PEM certificates that are trusted in place of the system's; or run: that of the run itself, which has made the
	// certificates of nodes with a certificate.
	CA *Attached `yaml:"ca" json:"ca,omitempty"`
	// The users', or callers', own certificate and key, as files of PEM; or run, without a key: made for the run.
	Cert *Attached `yaml:"cert" json:"cert,omitempty"`
	// The key of cert.
	Key *Attached `yaml:"key" json:"key,omitempty"`
	// The name that is asked for (SNI) and that the server's certificate must have. Default the node's.
	ServerName string `yaml:"server_name" json:"server_name,omitempty"`

	// TrustsRun is ca: run, ShowsRun cert: run; CA and Cert are nil then, once it is read.
	TrustsRun bool `yaml:"-" json:"trusts_run,omitempty"`
	ShowsRun  bool `yaml:"-" json:"shows_run,omitempty"`
}

// Secure is TLS as it is spoken to a server, which is asked for by name where it does not say another. The files have been read.
func (t *TLS) Secure(name string) *wire.Secure {
	s := &wire.Secure{Name: cmp.Or(t.ServerName, name)}
	for _, one := range []struct {
		file *Attached
		into *[]byte
	}{{t.CA, &s.CA}, {t.Cert, &s.Cert}, {t.Key, &s.Key}} {
		if one.file != nil {
			*one.into = one.file.Bytes
		}
	}
	return s
}

// Plain tells a load whose requests the mesh can count on the wire: one request is one turn of a connection.
func (l *Load) Plain() bool {
	if l.Protocol() != HTTP || l.TLS != nil || l.HTTP == "2" || l.HTTP == "h2c" {
		return false
	}
	for _, r := range l.Requests {
		if r.Redirects > 0 {
			return false
		}
	}
	return true
}
