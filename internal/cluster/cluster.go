// Package cluster runs a real Kubernetes on this machine, for tests: a control plane and nodes, each a machine of its own as far as
// Linux's namespaces make one (processes, mounts, network, host name), all below one process that serves the cluster. Whatever ends
// that process ends the machines with all that is in them; what the kernel does not take away by itself (control groups, a
// folder) goes with the next Up or Down.
//
//	         machine control: etcd, kube-apiserver, kube-controller-manager, kube-scheduler
//	host ----- bridge
//	           |    |
//	       node1    node2: containerd, kubelet, kube-proxy, pods
//
// The programs of Kubernetes are those of the module below this folder, parts. There is no DNS of the cluster's own, and what lays
// its network (the bridge plugin of CNI) enforces no NetworkPolicy (kubetest has it do that for a test).
package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Version is that of Kubernetes: the last one that takes both a containerd of version 1.6 and control groups of version 1.
const Version = "v1.34.4"

// DefaultName is what a cluster is called that nobody names.
const DefaultName = "squall"

// Options of a cluster.
type Options struct {
	// Name tells clusters of one machine apart; empty means DefaultName.
	Name string
	// Nodes is how many there are beside the control plane; 0 means two.
	Nodes int
	// While is the id of a process that the cluster ends with; 0 means that it stays until Down.
	While int
}

const (
	defaultNodes = 2
	// mostNodes is how many have addresses: see addresses.
	mostNodes = 15
)

// root has a folder for each cluster of this machine. It is not the user's temporary folder: overlays and sockets' short paths are needed.
const root = "/var/lib/squall-cluster"

// names are those that control groups, interfaces and file names can bear.
var names = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

func (o Options) filled() (Options, error) {
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.Nodes == 0 {
		o.Nodes = defaultNodes
	}
	if !names.MatchString(o.Name) {
		return o, fmt.Errorf("name a cluster %q: use up to 20 lower-case letters, digits and hyphens", o.Name)
	}
	if o.Nodes < 1 || o.Nodes > mostNodes {
		return o, fmt.Errorf("a cluster of %d nodes: there can be 1 to %d", o.Nodes, mostNodes)
	}
	return o, nil
}

// Cluster is one that has been brought up: where its files are. It can be had by any process of root.
type Cluster struct {
	Name string `json:"name"`
	// Nodes are the machines that run pods, in order.
	Nodes []string `json:"nodes"`
	// Programs is the folder of what it is made of.
	Programs string `json:"programs"`
	// Index is which range of addresses it has.
	Index int `json:"index"`
}

// control is the machine of the control plane.
const control = "control"

// Open finds a cluster that is up, by its name.
func Open(name string) (*Cluster, error) {
	o, err := Options{Name: name}.filled()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Name: o.Name}
	data, err := os.ReadFile(c.path("cluster.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no cluster %q on this machine: `go run ./internal/cluster/make up` makes one", o.Name)
	}
	if err == nil {
		err = json.Unmarshal(data, c)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is known of cluster %q: %w", o.Name, err)
	}
	return c, nil
}

// path is that of a file of the cluster.
func (c *Cluster) path(parts ...string) string {
	return filepath.Join(append([]string{root, c.Name}, parts...)...)
}

// Kubeconfig is the file by which an administrator reaches the cluster from this machine.
func (c *Cluster) Kubeconfig() string { return c.path("admin.kubeconfig") }

// containerd is the socket of a node's containerd.
func (c *Cluster) containerd(node string) string { return c.path(node, "containerd.sock") }

// log is where a part of a machine writes to.
func (c *Cluster) log(machine, part string) string { return c.path(machine, "log", part+".log") }

// Hold ends a part ("control/kube-apiserver", "node1/kubelet") with SIGKILL, or a whole machine ("node2"), as if its power had failed,
// and keeps it from coming back until Release. It returns when its process is gone.
func (c *Cluster) Hold(what string) error {
	base, err := c.files(what)
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".held", nil, 0o600); err != nil {
		return fmt.Errorf("hold %s: %w", what, err)
	}
	return obeyed("hold "+what, func() bool { return !exists(base + ".pid") })
}

// obeyed waits until a machine has done what it was asked for.
func obeyed(what string, done func() bool) error {
	for deadline := time.Now().Add(obedience); !done(); time.Sleep(everyLook) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: that is not so after %s", what, obedience)
		}
	}
	return nil
}

// Release lets what was held come back, which takes some hundred milliseconds before it even starts.
func (c *Cluster) Release(what string) error {
	base, err := c.files(what)
	if err != nil {
		return err
	}
	if err := os.Remove(base + ".held"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("release %s: %w", what, err)
	}
	return nil
}

const (
	// everyLook is how often processes look whether something is asked of them.
	everyLook = 50 * time.Millisecond
	// obedience is how long they take to do so.
	obedience = 20 * time.Second
)

// Freeze stops a part where it stands, as SIGSTOP does, or lets it go on: meanwhile connections to it are taken, and it says nothing.
func (c *Cluster) Freeze(part string, stop bool) error {
	base, err := c.files(part)
	if err != nil {
		return err
	}
	if !strings.Contains(part, "/") {
		return fmt.Errorf("freeze %s: only parts of machines can be", part)
	}
	if stop {
		err = os.WriteFile(base+".frozen", nil, 0o600)
	} else if err = os.Remove(base + ".frozen"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("freeze %s: %w", part, err)
	}
	return obeyed("freeze "+part, func() bool { return exists(base+".stopped") == stop })
}

// files are those by which a part or a machine is told what to do, and says what it does, but for the ends of their names.
func (c *Cluster) files(what string) (base string, err error) {
	machine, part, is := strings.Cut(what, "/")
	if !is {
		part = "machine"
	}
	if !exists(c.path(machine, "machine.json")) {
		return "", fmt.Errorf("cluster %q has no machine %q", c.Name, machine)
	}
	if is && !exists(c.log(machine, part)) {
		return "", fmt.Errorf("machine %s of cluster %q never ran a part %q", machine, c.Name, part)
	}
	return c.path(machine, part), nil
}

// writeFile writes a file of a cluster, with folders as needed; nobody but root reads it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, data)
}
