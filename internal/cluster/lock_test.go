package cluster

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// Who takes a lock as the last cluster ends, and removes the folder of all, makes it anew.
func TestTheFolderGoesAsALockIsTaken(t *testing.T) {
	l, err := lock("test-lock")
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("needs root: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	unlock(l)
	var both sync.WaitGroup
	for _, name := range []string{"test-lock-a", "test-lock-b"} {
		both.Go(func() {
			for range 500 {
				l, err := lock(name)
				if err != nil || l == nil {
					t.Errorf("take the lock of %s: %v, %v", name, l, err)
					return
				}
				unlock(l)
			}
		})
	}
	both.Wait()
}
