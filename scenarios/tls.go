package scenarios

// TLS is how a load's users speak TLS: whom they trust, and who they are. Key and certificates are read with the scenario; a
// record has their sums.
type TLS struct {
	// A file of PEM certificates that are trusted in place of the system's.
	CA *Attached `yaml:"ca" json:"ca,omitempty"`
	// The users' own certificate and key, as files of PEM.
	Cert *Attached `yaml:"cert" json:"cert,omitempty"`
	// The key of cert.
	Key *Attached `yaml:"key" json:"key,omitempty"`
	// The name that is asked for (SNI) and that the server's certificate must have. Default the node's.
	ServerName string `yaml:"server_name" json:"server_name,omitempty"`
}

// Plain tells a load whose requests the mesh can count on the wire: one request is one turn of a connection.
func (l *Load) Plain() bool {
	if l.TLS != nil || l.HTTP == "2" || l.HTTP == "h2c" {
		return false
	}
	for _, r := range l.Requests {
		if r.Redirects > 0 {
			return false
		}
	}
	return true
}
