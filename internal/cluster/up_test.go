//go:build linux

package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/cluster"
	"github.com/squallhq/squall/internal/kubetest"
)

// name is that of the tests' own cluster.
const name = "test-up"

// makes is the command that makes clusters, for the tests' own. Where no tests with a cluster are wanted it skips.
func makes(t *testing.T) func(ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getenv(kubetest.Required) != "1" && os.Getenv(kubetest.Given) == "" {
		t.Skipf("brings real clusters up: %s=1 asks for that", kubetest.Required)
	}
	if err := cluster.Possible(); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./make").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if _, err := cluster.Down(name); err != nil {
			t.Error(err)
		}
		nothing(t)
	})
	return func(ctx context.Context, args ...string) *exec.Cmd {
		command := exec.CommandContext(ctx, program, args...)
		command.Env = append(os.Environ(), "SQUALL_CLUSTER="+name)
		return command
	}
}

func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, problems.String())
	}
	return strings.TrimSpace(string(out))
}

// nothing fails the test where there is anything of the tests' cluster: a process, a mount, a control group, a file.
func nothing(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/*/squall-cluster-" + name, "/var/lib/squall-cluster/" + name + "*"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			t.Errorf("left behind: %q", found)
		}
	}
	if left := processes(t); len(left) > 0 {
		t.Errorf("left behind: processes %q", left)
	}
	if left := cables(t); len(left) > 0 {
		t.Errorf("left behind: %q, which lead to no cluster", left)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), "/"+name+"/") {
		t.Errorf("left behind: a mount\n%s", mounts)
	}
}

// cables are this machine's ends of those that lead to clusters that there are not.
func cables(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	names, err := cluster.Names()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range names {
		if c, err := cluster.Open(name); err == nil {
			known[fmt.Sprintf("squallk8s%d", c.Index)] = true
		}
	}
	var out []string
	for _, i := range all {
		if strings.HasPrefix(i.Name, "squallk8s") && !known[i.Name] {
			out = append(out, i.Name)
		}
	}
	return out
}

// processes are those whose command lines name the tests' cluster.
func processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte("/squall-cluster/"+name+"/")) {
			out = append(out, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return out
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// A second Up finds it up; Down leaves nothing.
func TestUpAndDown(t *testing.T) {
	command := makes(t)
	kubeconfig := run(t, command(t.Context(), "up"))
	if again := run(t, command(t.Context(), "up")); again != kubeconfig {
		t.Errorf("another one: %s and %s", kubeconfig, again)
	}
	if nodes := run(t, command(t.Context(), "kubectl", "get", "nodes", "-o", "name")); nodes != "node/node1\nnode/node2" {
		t.Errorf("its nodes are %q", nodes)
	}
	before := len(processes(t))
	if before < 8 {
		t.Errorf("there are %d processes of it; does the test find them?", before)
	}
	run(t, command(t.Context(), "down"))
	nothing(t)
	run(t, command(t.Context(), "down"))
}

// Who brings one up and is killed takes it along, before it is ready.
func TestUpIsKilled(t *testing.T) {
	command := makes(t)
	up := command(t.Context(), "up")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "its processes", func() bool { return len(processes(t)) > 3 })
	if err := up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = up.Wait() // it was killed
	until(t, "nothing is left", func() bool {
		_, err := os.Stat("/var/lib/squall-cluster/" + name)
		return err != nil && len(processes(t)) == 0
	})
}

// Where the process that serves it is killed, the kernel ends all that was in it; the next Up removes the rest, and one is up.
func TestServerIsKilled(t *testing.T) {
	command := makes(t)
	run(t, command(t.Context(), "up"))
	run(t, command(t.Context(), "kubectl", "create", "deployment", "left", "--image=localhost/squall-pause:1", "--replicas=3"))
	run(t, command(t.Context(), "kubectl", "rollout", "status", "deployment/left", "--timeout=2m"))
	if err := syscall.Kill(server(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "its processes are gone", func() bool { return len(processes(t)) == 0 })
	run(t, command(t.Context(), "up"))
	if pods := run(t, command(t.Context(), "kubectl", "get", "pods", "-o", "name")); pods != "" {
		t.Errorf("the second one has pods of the first: %q", pods)
	}
	if err := syscall.Kill(server(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	run(t, command(t.Context(), "down"))
	nothing(t)
}

// server is the process that serves the tests' cluster.
func server(t *testing.T) int {
	t.Helper()
	c, err := cluster.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	pid, known := c.Server()
	if !known {
		t.Fatal("nobody serves it")
	}
	return pid
}

// A cluster that is for one process ends with it.
func TestWhile(t *testing.T) {
	command := makes(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	whose := exec.CommandContext(ctx, "sleep", "600")
	if err := whose.Start(); err != nil {
		t.Fatal(err)
	}
	run(t, command(t.Context(), "up", "-nodes", "1", "-while", strconv.Itoa(whose.Process.Pid)))
	cancel()
	_ = whose.Wait() // it was killed
	until(t, "nothing is left", func() bool {
		_, err := os.Stat("/var/lib/squall-cluster/" + name)
		return err != nil && len(processes(t)) == 0
	})
}

// A node that is off, or off the network, is not ready; and takes pods when it is back.
func TestNodeGoesAndComes(t *testing.T) {
	command := makes(t)
	run(t, command(t.Context(), "up"))
	c, err := cluster.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		out, err := command(t.Context(), "kubectl", "get", "node", "node2", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`).Output()
		if err != nil {
			return err.Error() // an API server on a busy machine may not answer in time: it is asked again
		}
		return string(out)
	}
	for _, way := range []struct {
		name      string
		off, back func() error
	}{
		{"its power fails", func() error { return c.Hold("node2") }, func() error { return c.Release("node2") }},
		{"its cable is out", func() error { return c.Unplug(t.Context(), "node2", true) }, func() error { return c.Unplug(t.Context(), "node2", false) }},
	} {
		if err := way.off(); err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		until(t, way.name+": the node is not ready", func() bool { return state() == "Unknown" })
		if err := way.back(); err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		until(t, way.name+": the node is ready again", func() bool { return state() == "True" })
		pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"node2","terminationGracePeriodSeconds":0,"containers":[{"name":"p","image":"localhost/squall-pause:1"}]}}`
		create := command(t.Context(), "kubectl", "create", "-f", "-")
		create.Stdin = strings.NewReader(pod)
		run(t, create)
		run(t, command(t.Context(), "kubectl", "wait", "--for=condition=Ready", "pod/p", "--timeout=2m"))
		run(t, command(t.Context(), "kubectl", "delete", "pod", "p", "--timeout=2m"))
	}
	if err := c.Hold("node3"); err == nil || !strings.Contains(err.Error(), `has no machine "node3"`) {
		t.Errorf("a machine that is not there: %v", err)
	}
	if err := c.Hold("node1/etcd"); err == nil || !strings.Contains(err.Error(), `never ran a part "etcd"`) {
		t.Errorf("a part that is not there: %v", err)
	}
}
