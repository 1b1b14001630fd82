package lease

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// goneTimeout bounds the wait for a killed process to be gone.
const goneTimeout = 10 * time.Second

// Reap removes what runs have left whose squall is gone, and says in words what it removed:
// "process 4711 (orders-1 of run R)", "folder /tmp/squall-R-1". Runs that are alive are left alone, and so are
// ledgers from another machine or container that shares the folder. What can't be removed is an
// error, and stays in its ledger for the next time.
func Reap(ctx context.Context) ([]string, error) {
	var removed []string
	var errs []error
	for _, dir := range folders() {
		ledgers, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		if err != nil {
			errs = append(errs, err)
		}
		for _, path := range ledgers {
			words, err := reap(ctx, path)
			removed = append(removed, words...)
			if err != nil {
				errs = append(errs, fmt.Errorf("reap run %q: %w", strings.TrimSuffix(filepath.Base(path), suffix), err))
			}
		}
	}
	return removed, errors.Join(errs...)
}

// ledger is a file read back.
type ledger struct {
	owner    process
	children map[process]string
	folders  []string
}

func reap(ctx context.Context, path string) (removed []string, err error) {
	l, err := read(path)
	if err != nil || l.owner.PID == 0 {
		return nil, errors.Join(err, removeStale(path, err))
	}
	run := strings.TrimSuffix(filepath.Base(path), suffix)
	if !mine(l.owner) || alive(l.owner) {
		return nil, nil
	}
	removed, err = killAll(ctx, run, l)
	for _, folder := range l.folders {
		words, failed := removeFolder(run, folder)
		removed = append(removed, words...)
		err = errors.Join(err, failed)
	}
	if err == nil {
		err = os.Remove(path)
	}
	return removed, err
}

// youngLedger is how old a ledger without an owner must be to count as left: its owner may be about to write.
const youngLedger = time.Minute

// removeStale removes a ledger whose owner was killed before it had written a word.
func removeStale(path string, unreadable error) error {
	info, err := os.Stat(path)
	if unreadable != nil || err != nil || time.Since(info.ModTime()) < youngLedger {
		return nil
	}
	return os.Remove(path)
}

func read(path string) (ledger, error) {
	l := ledger{children: map[process]string{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil // its run has just ended
	}
	if err != nil {
		return l, err
	}
	for scan := bufio.NewScanner(bytes.NewReader(data)); scan.Scan(); {
		var entry line
		if json.Unmarshal(scan.Bytes(), &entry) != nil {
			continue // the last line of a writer that was killed
		}
		switch {
		case entry.Owner != nil:
			l.owner = *entry.Owner
		case entry.Child != nil:
			l.children[*entry.Child] = entry.Name
		case entry.Folder != "":
			l.folders = append(l.folders, entry.Folder)
		}
	}
	return l, nil
}

// killAll kills the noted children that are still the processes they were, what those have started that still is in their group and in
// the run's folder, and every other process that carries the run's marker: one may have been started and not noted.
func killAll(ctx context.Context, run string, l ledger) (removed []string, err error) {
	left := map[process]string{}
	for p, name := range l.children {
		if p.Start == "" || !mine(p) {
			continue
		}
		if alive(p) {
			left[p] = name
		}
		for _, other := range grouped(p, l.folders) {
			if other != p {
				left[other] = "started by " + name
			}
		}
	}
	for _, p := range marked(run) {
		if _, known := left[p]; !known {
			left[p] = "child"
		}
	}
	for p, name := range left {
		killed, failed := kill(ctx, p)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("kill process %d (%s): %w", p.PID, name, failed))
		}
		if killed && failed == nil {
			removed = append(removed, fmt.Sprintf("process %d (%s of run %s)", p.PID, name, run))
		}
	}
	return removed, err
}

// kill ends a process and waits until it is gone; false: it was gone already. The handle is taken before the
// process's identity is looked at again, so that the id can't be given to another process in between (where the
// system has such handles).
func kill(ctx context.Context, p process) (bool, error) {
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return false, nil
	}
	defer func() { _ = handle.Release() }()
	if !alive(p) {
		return false, nil
	}
	if err := handle.Kill(); err != nil {
		if errors.Is(err, os.ErrProcessDone) {
			return false, nil
		}
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, goneTimeout)
	defer cancel()
	for alive(p) {
		select {
		case <-ctx.Done():
			return true, fmt.Errorf("it is still there: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true, nil
}

// removeFolder removes a temporary folder, if it bears the run's name: a ledger is no licence to remove anything else.
func removeFolder(run, path string) ([]string, error) {
	if !filepath.IsAbs(path) || !strings.HasPrefix(filepath.Base(path), FolderPrefix+run) {
		return nil, fmt.Errorf("remove folder %q: it does not bear the run's name", path)
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err := os.RemoveAll(path); err != nil {
		return nil, err
	}
	return []string{"folder " + path}, nil
}
