package cluster

import "fmt"

// addresses are those of one cluster among up to 16 of a machine: 10.199.I.0/24 for its machines, a sixteenth of 10.244.0.0/16 for
// its pods. Services have the same range in every cluster: they are known within nodes alone.
type addresses int

const (
	mostClusters = 16
	services     = "10.96.0.0/16"
	// apiService is the first of the services' addresses: that of the API server, as pods know it.
	apiService = "10.96.0.1"
	apiPort    = 6443
)

func (a addresses) network() string { return fmt.Sprintf("10.199.%d.0/24", a) }

// control is the address of the control plane.
func (a addresses) control() string { return fmt.Sprintf("10.199.%d.1", a) }

// host is that of this machine on the cluster's bridge.
func (a addresses) host() string { return fmt.Sprintf("10.199.%d.254", a) }

// node is that of a node, counted from 1.
func (a addresses) node(n int) string { return fmt.Sprintf("10.199.%d.%d", a, 10+n) }

// pods is the range of a node's pods, which lies in allPods.
func (a addresses) pods(n int) string { return fmt.Sprintf("10.244.%d.0/24", int(a)*mostClusters+n) }

func (a addresses) allPods() string { return fmt.Sprintf("10.244.%d.0/20", int(a)*mostClusters) }

// api is where the API server is, from this machine and from its nodes.
func (a addresses) api() string { return fmt.Sprintf("https://%s:%d", a.control(), apiPort) }

// link is the name of this machine's end of the pair that leads to the cluster.
func (a addresses) link() string { return fmt.Sprintf("squallk8s%d", a) }
