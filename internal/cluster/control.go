package cluster

import (
	"fmt"
	"path/filepath"
)

// etcdClients is where etcd listens, within the machine of the control plane.
const etcdClients = "127.0.0.1:2379"

// Program is that of all parts of Kubernetes: its first argument says which.
func (c *Cluster) Program() string { return filepath.Join(c.Programs, programs) }

// program is a part of Kubernetes, as the first of a command's words.
func (c *Cluster) program(part string, args ...string) []string {
	return append([]string{c.Program(), part}, args...)
}

// controlPlane is the machine with the bridge that joins all others and this one.
func (c *Cluster) controlPlane() machine {
	at := addresses(c.Index)
	setup := [][]string{{"ip", "link", "add", "br0", "type", "bridge"}}
	setup = append(setup, c.plug(at.control()+"/24", "br0")...)
	setup = append(setup, []string{"ip", "link", "set", hostSide, "master", "br0", "up"})
	// The nodes' ways are not there yet: a route needs no more than the network they will be on.
	setup = append(setup, c.routes(0)...)
	return machine{
		Name: control, Folder: c.path(control), Keep: []string{c.path(), c.Programs}, Address: at.control(), Setup: setup,
		Parts: []part{c.etcd(), c.apiserver(), c.controllers(), c.scheduler()},
	}
}

// hostSide is the name that the cable to this machine has at the bridge.
const hostSide = "to-host"

func (c *Cluster) etcd() part {
	return part{Name: "etcd", Args: c.program("etcd", "--data-dir="+c.path(control, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=http://"+etcdClients, "--advertise-client-urls=http://"+etcdClients)}
}

func (c *Cluster) apiserver() part {
	at := addresses(c.Index)
	pki := func(name string) string { return c.path("pki", name) }
	return part{Name: "kube-apiserver", After: "tcp:" + etcdClients, Args: c.program("kube-apiserver",
		"--etcd-servers=http://"+etcdClients,
		"--bind-address=0.0.0.0", "--advertise-address="+at.control(), fmt.Sprintf("--secure-port=%d", apiPort),
		"--tls-cert-file="+pki("apiserver.crt"), "--tls-private-key-file="+pki("apiserver.key"), "--client-ca-file="+pki("ca.crt"),
		"--kubelet-client-certificate="+pki("kubelet-client.crt"), "--kubelet-client-key="+pki("kubelet-client.key"),
		"--kubelet-certificate-authority="+pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range="+services,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+pki("tokens.key"), "--service-account-signing-key-file="+pki("tokens.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged")}
}

func (c *Cluster) controllers() part {
	access := c.path(control, "controller-manager.kubeconfig")
	return part{Name: "kube-controller-manager", After: c.apiAddress(), Args: c.program("kube-controller-manager",
		"--kubeconfig="+access, "--authentication-kubeconfig="+access, "--authorization-kubeconfig="+access,
		"--use-service-account-credentials", "--leader-elect=false", "--node-monitor-grace-period=20s", "--bind-address=127.0.0.1",
		"--service-account-private-key-file="+c.path("pki", "tokens.key"), "--root-ca-file="+c.path("pki", "ca.crt"))}
}

func (c *Cluster) scheduler() part {
	access := c.path(control, "scheduler.kubeconfig")
	return part{Name: "kube-scheduler", After: c.apiAddress(), Args: c.program("kube-scheduler",
		"--kubeconfig="+access, "--authentication-kubeconfig="+access, "--authorization-kubeconfig="+access,
		"--leader-elect=false", "--bind-address=127.0.0.1")}
}

// apiAddress is the API server's, as After wants it.
func (c *Cluster) apiAddress() string {
	return fmt.Sprintf("tcp:%s:%d", addresses(c.Index).control(), apiPort)
}
