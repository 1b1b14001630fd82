// Package lease keeps a ledger of what runs have started on this machine, so that the next start
// or `squall clean` removes exactly what a killed squall has left: its child processes and its
// temporary folders. (Containers and networks carry labels and are the docker engine's to find.)
//
// Each run has one file in a per-user folder; it is appended to before or right after something
// is made, and removed when the run has cleaned up after itself. A process is ours when its start time
// is the one noted, or when its environment names the run: a process id that was used again is never killed.
package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Marker is the environment variable that every child of a run carries, with the run's id.
const Marker = "SQUALL_RUN"

// FolderPrefix begins the name of every temporary folder of a run; the run's id follows.
const FolderPrefix = "squall-"

// line is one entry of a ledger: the owner, a child or a folder.
type line struct {
	Owner  *process `json:"owner,omitempty"`
	Run    string   `json:"run,omitempty"`
	Child  *process `json:"child,omitempty"`
	Name   string   `json:"name,omitempty"`
	Folder string   `json:"folder,omitempty"`
}

// process is a process beyond mistake: its id, when it started, and in which world.
type process struct {
	PID int `json:"pid"`
	// Start is its start time as the system counts it; empty where the system does not tell.
	Start string `json:"start"`
	// World is the boot and the process id namespace in which PID means something.
	World string `json:"world"`
}

// Lease is a run's ledger while the run is alive. Several of one process may have one of the same run: it ends with the last. It is safe for
// concurrent use.
type Lease struct {
	run string
	*shared
	released sync.Once
}

// shared is a run's ledger, and how many leases there are of it.
type shared struct {
	mu   sync.Mutex
	file *os.File
	refs int
}

// held are the ledgers of this process, by run.
var held = struct {
	mu sync.Mutex
	of map[string]*shared
}{of: map[string]*shared{}}

// suffix of ledgers.
const suffix = ".run"

// Take opens a ledger for a run of this process.
func Take(run string) (*Lease, error) {
	held.mu.Lock()
	defer held.mu.Unlock()
	return open(run)
}

// Join is one more lease of a run of this process, or the first.
func Join(run string) (*Lease, error) {
	held.mu.Lock()
	defer held.mu.Unlock()
	if s := held.of[run]; s != nil {
		s.refs++
		return &Lease{run: run, shared: s}, nil
	}
	return open(run)
}

func open(run string) (*Lease, error) {
	if run == "" || strings.ContainsAny(run, "/\\ \x00") {
		return nil, fmt.Errorf("take lease: %q is no run id", run)
	}
	var errs []error
	for _, dir := range folders() {
		l, err := take(dir, run)
		if err == nil {
			held.of[run] = l.shared
			return l, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("take lease of run %q: %w", run, errors.Join(errs...))
}

func take(dir, run string) (*Lease, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, run+suffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	l := &Lease{run: run, shared: &shared{file: f, refs: 1}}
	owner := identify(os.Getpid())
	if err := l.write(line{Owner: &owner, Run: run}); err != nil {
		return nil, errors.Join(err, l.end())
	}
	return l, nil
}

// TempDir makes a temporary folder that bears the run's name, and notes it first.
func (l *Lease) TempDir() (string, error) {
	for try := range 1000 {
		path := filepath.Join(os.TempDir(), fmt.Sprintf("%s%s-%d", FolderPrefix, l.run, try))
		if _, err := os.Lstat(path); err == nil {
			continue // another lease's
		}
		if err := l.write(line{Folder: path}); err != nil {
			return "", err
		}
		if err := os.Mkdir(path, 0o700); !errors.Is(err, os.ErrExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("make a temporary folder for run %q: all names are taken", l.run)
}

// Child notes a child process that was started.
func (l *Lease) Child(name string, pid int) error {
	p := identify(pid)
	return l.write(line{Child: &p, Name: name})
}

// Release ends the lease: its owner has removed everything itself. It may be called twice.
func (l *Lease) Release() (err error) {
	l.released.Do(func() {
		held.mu.Lock()
		defer held.mu.Unlock()
		if l.refs--; l.refs == 0 {
			delete(held.of, l.run)
			err = l.end()
		}
	})
	return err
}

// end removes the ledger.
func (l *Lease) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := l.file.Name()
	err := l.file.Close()
	l.file = nil
	if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// write appends one line in one call, so that a killed writer leaves whole lines (and at most one broken last one).
func (l *Lease) write(entry line) error {
	data, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return errors.New("write lease: it has been released")
	}
	if _, err := l.file.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write lease: %w", err)
	}
	return nil
}

// folders are where ledgers may be, the one to write to first: SQUALL_STATE alone where it is set; else the
// user's state folder, the user's cache folder, and a folder of the user's in the temporary one, for users without a home.
func folders() []string {
	if dir := os.Getenv("SQUALL_STATE"); dir != "" {
		return []string{filepath.Join(dir, "runs")}
	}
	var out []string
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		out = append(out, filepath.Join(dir, "squall", "runs"))
	}
	if dir, err := os.UserCacheDir(); err == nil {
		out = append(out, filepath.Join(dir, "squall", "runs"))
	}
	return append(out, filepath.Join(os.TempDir(), fmt.Sprintf("squall-state-%d", os.Getuid()), "runs"))
}
