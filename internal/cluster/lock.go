package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockDescriptor is the lock in the process that serves a cluster: the first file that it is handed.
const lockDescriptor uintptr = 3

const lockSuffix = ".lock"

func lockFile(name string) string { return filepath.Join(root, name+lockSuffix) }

// lock takes the lock of a cluster's name, which its process holds as long as it lives; nil, where another one has it.
func lock(name string) (*os.File, error) {
	path := lockFile(name)
	for {
		if err := os.Mkdir(root, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue // the last cluster, which ended just now, took the folder along
		}
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, f.Close()
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock cluster %q: %w", name, err), f.Close())
		}
		if same(f, path) {
			return f, nil
		}
		_ = f.Close() // it was removed before we had it
	}
}

func same(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

// unlock removes the lock, and the folder of all clusters where this was the last.
func unlock(f *os.File) {
	_ = os.Remove(f.Name())
	_ = f.Close()
	_ = os.Remove(root) // fails while there is another
}

// await is lock, which waits for who has it.
func await(name string, patience time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(everyLook) {
		f, err := lock(name)
		if f != nil || err != nil {
			return f, err
		}
		if time.Now().After(deadline) {
			return nil, nil
		}
	}
}

// Names are those of all clusters that there is anything of on this machine.
func Names() ([]string, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), lockSuffix) {
			out = append(out, strings.TrimSuffix(e.Name(), lockSuffix))
		}
	}
	return unique(out), err
}

func unique(names []string) []string {
	var out []string
	for _, name := range names {
		if len(out) == 0 || out[len(out)-1] != name { // both stand side by side
			out = append(out, name)
		}
	}
	return out
}
