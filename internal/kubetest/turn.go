package kubetest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Tests of several packages share a cluster, and one that takes its API server away, or a node, has to be alone with it. Who uses it has a shared
// lock of a file; who wants it alone an exclusive one, and another file keeps those out who come meanwhile, so that the wait has an end.

// users are this process's tests that use the cluster. They have one lock together: of a test that has it already none waits.
var users struct {
	mu    sync.Mutex
	count int
	lock  *os.File
}

// share keeps those away who want the cluster alone, until the test's end.
func share(t testing.TB, kubeconfig string) {
	t.Helper()
	users.mu.Lock()
	defer users.mu.Unlock()
	if users.count == 0 {
		gate := take(t, kubeconfig, "gate", syscall.LOCK_SH)
		users.lock = take(t, kubeconfig, "use", syscall.LOCK_SH)
		_ = gate.Close() // others may come
	}
	users.count++
	t.Cleanup(func() {
		users.mu.Lock()
		defer users.mu.Unlock()
		if users.count--; users.count == 0 {
			_ = users.lock.Close() // that gives it back
		}
	})
}

// alone waits until nobody uses the cluster, and keeps all others away until the test's end. It is for tests that are not parallel: else others of
// the same process would wait for it, and it for them.
func alone(t testing.TB, kubeconfig string) {
	t.Helper()
	gate := take(t, kubeconfig, "gate", syscall.LOCK_EX)
	use := take(t, kubeconfig, "use", syscall.LOCK_EX)
	users.mu.Lock()
	users.count++ // what this test calls shares what it has
	users.mu.Unlock()
	t.Cleanup(func() {
		users.mu.Lock()
		defer users.mu.Unlock()
		users.count--
		_, _ = use.Close(), gate.Close() // that gives them back
	})
}

// turnPatience is how long tests of other packages may have the cluster.
const turnPatience = 15 * time.Minute

// take takes the lock of a file beside the cluster's own, which go with it; a lock ends with its process however that ends.
func take(t testing.TB, kubeconfig, what string, how int) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(filepath.Dir(kubeconfig), what+".turn"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatalf("wait for a turn with the cluster: %v", err)
	}
	for deadline := time.Now().Add(turnPatience); ; time.Sleep(100 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return f
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			t.Fatalf("wait for a turn with the cluster: %v", err)
		}
	}
}
