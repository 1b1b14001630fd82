package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// ErrNotHere is part of the error that says why this machine can't have a cluster.
var ErrNotHere = errors.New("this machine can't run a cluster of its own")

// commandsNeeded are those that machines are made with, and the packages of Debian that have them.
var commandsNeeded = []struct{ command, packages string }{
	{"containerd", "containerd"}, {"ctr", "containerd"}, {"containerd-shim-runc-v2", "containerd"}, {"runc", "runc"},
	{"ip", "iproute2"}, {"iptables", "iptables"}, {"nsenter", "util-linux"}, {"mount", "mount"}, {"sysctl", "procps"},
}

// Possible says in one line what this machine lacks for a cluster; nil: nothing.
func Possible() error {
	if id := os.Geteuid(); id != 0 {
		return fmt.Errorf("%w: it needs root, and this is user %d", ErrNotHere, id)
	}
	for _, c := range commandsNeeded {
		if _, err := exec.LookPath(c.command); err != nil {
			return fmt.Errorf("%w: there is no %s (package %s)", ErrNotHere, c.command, c.packages)
		}
	}
	groups, err := hierarchies()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(groups, func(path string) bool { return strings.HasSuffix(path, "/memory") }) {
		return fmt.Errorf("%w: it needs control groups of version 1 with the controller memory", ErrNotHere)
	}
	try := exec.Command("unshare", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
	if out, err := try.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: it needs namespaces of mounts, processes and networks: %w: %s", ErrNotHere, err, strings.TrimSpace(string(out)))
	}
	return nil
}
