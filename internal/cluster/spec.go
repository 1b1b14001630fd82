package cluster

import (
	"net"
	"strings"
	"time"
)

// machine is what one is made of: what its first process reads.
type machine struct {
	Name string `json:"name"`
	// Folder is where its files are, below that of its cluster.
	Folder string `json:"folder"`
	// Keep are folders that it has in common with this machine, wherever they are.
	Keep []string `json:"keep"`
	// Address is the one it has on the cluster's bridge, as IP/BITS.
	Address string `json:"address"`
	// Setup are commands that are run before any part, one after the other.
	Setup [][]string `json:"setup"`
	Parts []part     `json:"parts"`
}

// part is one program of a machine, which is started again whenever it ends.
type part struct {
	Name string `json:"name"`
	// Args are the program, by its path, and its arguments.
	Args []string `json:"args"`
	// After is what has to listen before it is started, as unix:PATH or tcp:ADDRESS; empty: nothing.
	After string `json:"after,omitempty"`
}

// plug are the commands by which a machine takes up the cable that leads to the bridge, and knows the way to the pods of the others.
func (c *Cluster) plug(address, device string) [][]string {
	return [][]string{
		{"ip", "link", "set", "lo", "up"},
		// The ends of connections to machines that are gone are not told for minutes: the network would stay for as long.
		{"sysctl", "-q", "-w", "net.ipv4.tcp_orphan_retries=1"},
		{"ip", "address", "add", address, "dev", device},
		{"ip", "link", "set", device, "up"},
	}
}

// routes lead to the pods of all nodes but one; 0 leads to all.
func (c *Cluster) routes(but int) [][]string {
	at := addresses(c.Index)
	var out [][]string
	for n := 1; n <= len(c.Nodes); n++ {
		if n != but {
			out = append(out, []string{"ip", "route", "add", at.pods(n), "via", at.node(n)})
		}
	}
	return out
}

// machines are all of a cluster, that of the control plane first.
func (c *Cluster) machines() []machine {
	out := []machine{c.controlPlane()}
	for n := range c.Nodes {
		out = append(out, c.node(n+1))
	}
	return out
}

// listens tells whether connections are taken at an address of the form that After has.
func listens(after string) bool {
	network, address, _ := strings.Cut(after, ":")
	if network == "" {
		return true
	}
	connection, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was said
	return true
}
