package cluster

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// node is a machine that runs pods, counted from 1.
func (c *Cluster) node(n int) machine {
	at, name := addresses(c.Index), c.Nodes[n-1]
	setup := c.plug(at.node(n)+"/24", "eth0")
	setup = append(setup, []string{"ip", "route", "add", "default", "via", at.control()}, []string{"sysctl", "-q", "-w", "net.ipv4.ip_forward=1"})
	setup = append(setup, c.routes(n)...)
	socket := "unix:" + c.containerd(name)
	return machine{
		Name: name, Folder: c.path(name), Keep: []string{c.path(), c.Programs}, Address: at.node(n), Setup: setup,
		Parts: []part{
			{Name: "containerd", Args: []string{found("containerd"), "--config", c.path(name, "containerd.toml")}},
			{Name: "kubelet", After: socket, Args: c.program("kubelet",
				"--config="+c.path(name, "kubelet.yaml"), "--kubeconfig="+c.path(name, "kubelet.kubeconfig"),
				"--root-dir="+c.path(name, "kubelet"), "--cert-dir="+c.path(name, "pki"),
				"--hostname-override="+name, "--node-ip="+at.node(n),
				fmt.Sprintf("--node-labels=topology.kubernetes.io/region=here,topology.kubernetes.io/zone=here-%d", n))},
			{Name: "kube-proxy", After: c.apiAddress(), Args: c.program("kube-proxy", "--config="+c.path(name, "proxy.yaml"))},
		},
	}
}

// found is where a program is that Possible has found.
func found(program string) string {
	path, err := exec.LookPath(program)
	if err != nil {
		return program
	}
	return path
}

// group is the control group of a node, below each hierarchy's root: all that runs in pods of it is below.
func (c *Cluster) group(node string) string { return "/squall-cluster-" + c.Name + "/" + node }

// configure writes what a node's parts read.
func (c *Cluster) configure(n int) error {
	name := c.Nodes[n-1]
	for file, text := range map[string]string{
		"containerd.toml":        c.containerdConfig(name),
		"cni/10-bridge.conflist": c.networkConfig(n),
		"kubelet.yaml":           c.kubeletConfig(n),
		"proxy.yaml":             c.proxyConfig(name),
	} {
		if err := writeFile(c.path(name, file), []byte(text)); err != nil {
			return fmt.Errorf("configure %s: %w", name, err)
		}
	}
	return nil
}

// containerdConfig has what lives only as long as the machine below /run, which is the machine's own. Where this machine may not
// make processes harder to kill when memory is short, containers are not asked to be (restrict_oom_score_adj).
func (c *Cluster) containerdConfig(node string) string {
	return fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"

[grpc]
  address = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q

[plugins."io.containerd.internal.v1.opt"]
  path = %q
`, c.path(node, "containerd"), c.containerd(node), pauseImage, filepath.Join(c.Programs, networkPlugins), c.path(node, "cni"), c.path(node, "opt"))
}

// networkConfig gives each pod an address of its node's range. No address is translated: all machines know the ways.
func (c *Cluster) networkConfig(n int) string {
	return fmt.Sprintf(`{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/addresses", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`, addresses(c.Index).pods(n))
}

// kubeletConfig has a node say every five seconds that it is there, so that one that is not is known to be lost after twenty. It lets pods
// have the machine to the last: a disk that is nearly full is this machine's, not the test's.
func (c *Cluster) kubeletConfig(n int) string {
	name := c.Nodes[n-1]
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://%s
address: %s
tlsCertFile: %s
tlsPrivateKeyFile: %s
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: %s}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: %s
failCgroupV1: false
failSwapOn: false
nodeLeaseDurationSeconds: 20
enforceNodeAllocatable: []
evictionHard: {memory.available: "1Mi", nodefs.available: "1Mi", imagefs.available: "1Mi"}
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
resolvConf: ""
podLogsDir: /var/log/pods
volumePluginDir: %s
`, c.containerd(name), addresses(c.Index).node(n), c.path(name, "kubelet.crt"), c.path(name, "kubelet.key"), c.path("pki", "ca.crt"),
		c.group(name), c.path(name, "plugins"))
}

// proxyConfig leaves alone what is the whole machine's: the size of the table of connections.
func (c *Cluster) proxyConfig(node string) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: %s}
hostnameOverride: %s
clusterCIDR: %s
mode: iptables
bindAddressHardFail: false
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {syncPeriod: 30s, minSyncPeriod: 0s}
`, c.path(node, "proxy.kubeconfig"), node, addresses(c.Index).allPods())
}
