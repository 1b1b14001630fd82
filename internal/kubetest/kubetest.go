// Package kubetest gives tests a real Kubernetes: the one that SQUALL_KUBECONFIG names, or, with SQUALL_REQUIRE_KUBERNETES=1, a cluster of
// two nodes on this machine that ends with the test's process.
package kubetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/squallhq/squall/internal/cluster"
)

const (
	// Given names the file by which a cluster is reached that is up already.
	Given = "SQUALL_KUBECONFIG"
	// Required makes it a failure that there is none.
	Required = "SQUALL_REQUIRE_KUBERNETES"
)

// Kubernetes is a cluster for tests.
type Kubernetes struct {
	// Kubeconfig is the file by which an administrator reaches it.
	Kubeconfig string
	// own is nil for a cluster that is not of internal/cluster.
	own *cluster.Cluster
}

// found is the one look for a cluster of this test process.
var found = sync.OnceValues(find)

// Cluster returns the cluster that tests use. Without one it skips the test; with SQUALL_REQUIRE_KUBERNETES=1 it makes one, and fails the
// test where it can't. What a test makes in it, it removes: others use it, too.
func Cluster(t testing.TB) *Kubernetes {
	t.Helper()
	k := existing(t)
	if k.own != nil { // nobody takes anything away from another
		share(t, k.Kubeconfig)
	}
	return k
}

// Own is Cluster for tests that give images to its nodes. It skips on a cluster of somebody else's.
func Own(t testing.TB) *Kubernetes {
	t.Helper()
	k := own(t)
	share(t, k.Kubeconfig)
	return k
}

// Alone is Own for tests that end or stop parts of the cluster: no other test uses it until this one's end. Such a test is not parallel.
func Alone(t testing.TB) *Kubernetes {
	t.Helper()
	k := own(t)
	alone(t, k.Kubeconfig)
	return k
}

// Whole leaves a test out with -short, as CI does: what every submission runs on a cluster is the conformance suite, the quickstart, one fault of each
// family, a foreign image, and the loss of each part of a run. `make kubernetes` runs all.
func Whole(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("is of `make kubernetes`; not with -short")
	}
}

func existing(t testing.TB) *Kubernetes {
	t.Helper()
	k, err := found()
	switch {
	case err == nil:
		return k
	case os.Getenv(Required) == "1":
		t.Fatalf("%s=1 and there is no cluster: %v", Required, err)
	default:
		t.Skipf("needs a Kubernetes: %v", err)
	}
	return nil
}

func own(t testing.TB) *Kubernetes {
	t.Helper()
	k := existing(t)
	if k.own == nil {
		t.Skipf("needs a cluster of internal/cluster, and that of %s=%s is somebody else's", Given, k.Kubeconfig)
	}
	return k
}

var errNone = fmt.Errorf("%s names none (`go run ./internal/cluster/make up` brings one up and prints the file to name; %s=1 does so, and makes its absence a failure)", Given, Required)

func find() (*Kubernetes, error) {
	kubeconfig := os.Getenv(Given)
	if kubeconfig == "" {
		if os.Getenv(Required) != "1" {
			return nil, errNone
		}
		var err error
		if kubeconfig, err = bringUp(); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(kubeconfig); err != nil {
		return nil, fmt.Errorf("%s: %w", Given, err)
	}
	k := &Kubernetes{Kubeconfig: kubeconfig}
	names, err := cluster.Names()
	if err != nil && !errors.Is(err, os.ErrPermission) {
		return nil, err
	}
	for _, name := range names {
		if c, err := cluster.Open(name); err == nil && c.Kubeconfig() == kubeconfig {
			k.own = c
		}
	}
	return k, nil
}

// bringUp makes a cluster that ends with this process. It has a name of its own: tests of several packages run at a time.
func bringUp() (kubeconfig string, err error) {
	dir, err := os.MkdirTemp("", "kubetest-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) // the cluster's own process needs its file no more
	program := filepath.Join(dir, "cluster")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", program, "github.com/squallhq/squall/internal/cluster/make").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command that makes a cluster: %w\n%s", err, out)
	}
	up := exec.Command(program, "up", "-while", strconv.Itoa(os.Getpid()))
	up.Env = append(os.Environ(), fmt.Sprintf("SQUALL_CLUSTER=test-%d", os.Getpid()))
	var said bytes.Buffer
	up.Stderr = &said
	out, err := up.Output()
	if err != nil {
		return "", fmt.Errorf("make a cluster: %w\n%s", err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// Load gives every node the images of an archive, such as `docker save` writes.
func (k *Kubernetes) Load(ctx context.Context, t testing.TB, archive string) {
	t.Helper()
	if err := k.own.Load(ctx, archive); err != nil {
		t.Fatal(err)
	}
}

// Kubectl is a program whose first argument kubectl makes it that.
func (k *Kubernetes) Kubectl() string { return k.own.Program() }

// Nodes are the names of the machines that run pods.
func (k *Kubernetes) Nodes() []string { return k.own.Nodes }

// Hold ends a part of the cluster ("control/kube-apiserver", "node1/kubelet") or a node ("node2"), with SIGKILL, and keeps it away until
// it is released, which the end of the test does at the latest.
func (k *Kubernetes) Hold(t testing.TB, what string) (release func()) {
	t.Helper()
	if err := k.own.Hold(what); err != nil {
		t.Fatal(err)
	}
	release = func() {
		if err := k.own.Release(what); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(release)
	return release
}

// Freeze stops a part of the cluster where it stands, as SIGSTOP does, until it is released: it takes connections, and says nothing.
func (k *Kubernetes) Freeze(t testing.TB, what string) (release func()) {
	t.Helper()
	if err := k.own.Freeze(what, true); err != nil {
		t.Fatal(err)
	}
	release = func() {
		if err := k.own.Freeze(what, false); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(release)
	return release
}

// Unplug takes a node off the network until it is plugged in again: it runs on, and nobody reaches it.
func (k *Kubernetes) Unplug(t testing.TB, node string) (plug func()) {
	t.Helper()
	set := func(off bool) error { return k.own.Unplug(context.WithoutCancel(t.Context()), node, off) }
	if err := set(true); err != nil {
		t.Fatal(err)
	}
	plug = func() {
		if err := set(false); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(plug)
	return plug
}

// Ready waits until all nodes take pods again.
func (k *Kubernetes) Ready(ctx context.Context, t testing.TB) {
	t.Helper()
	if err := k.own.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}
