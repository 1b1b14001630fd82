package kubetest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// free tells whether another process could have the lock of a file now.
func free(t *testing.T, kubeconfig, what string, how int) bool {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(filepath.Dir(kubeconfig), what+".turn"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) == nil
}

// Who shares lets others share and nobody be alone; who is alone lets nobody; afterwards all is free. What a test calls shares what it has.
func TestTurns(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "admin.kubeconfig")
	hold := func(name string, turn func(testing.TB, string), others, another bool) {
		t.Run(name, func(t *testing.T) {
			turn(t, kubeconfig)
			t.Run("within", func(t *testing.T) { share(t, kubeconfig) })
			if got := free(t, kubeconfig, "gate", syscall.LOCK_SH) && free(t, kubeconfig, "use", syscall.LOCK_SH); got != others {
				t.Errorf("others may use it: %v, want %v", got, others)
			}
			if got := free(t, kubeconfig, "use", syscall.LOCK_EX); got != another {
				t.Errorf("another may have it alone: %v, want %v", got, another)
			}
		})
	}
	hold("shared", share, true, false)
	hold("alone", alone, false, false)
	hold("none", func(testing.TB, string) {}, true, true)
	hold("shared again", share, true, false)
}
