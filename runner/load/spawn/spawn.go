//go:build unix

// Package spawn starts load generators as children of this process, on this machine: each is this program again, as `squall generator`, spoken
// to over its standard input and output.
//
// What ends squall ends them, however it ends: their input closes, on Linux the kernel kills them with their parent, and the run's lease tells the
// next start what a crash has left.
package spawn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/runner/load/remote"
)

// Options of a Starter. The zero value is right for the squall program itself.
type Options struct {
	// Exe is the program. Default: the running one.
	Exe string
	// Args are the generator's command, to which its name is added. Default: generator --name.
	Args []string
}

// Starter starts the generators of one run.
type Starter struct {
	o Options

	mu      sync.Mutex
	spawner *family.Spawner // nil, as the lease is: nothing was started yet
	lease   *lease.Lease
}

// New makes a starter, whose owner closes it. Nothing is started.
func New(o Options) *Starter {
	if o.Args == nil {
		o.Args = []string{"generator", "--name"}
	}
	return &Starter{o: o}
}

// Close ends what it needed to start generators, which have been closed. It may be called twice.
func (s *Starter) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		return nil
	}
	s.spawner.Close()
	return s.lease.Release()
}

// begin makes what starting needs, once: the thread that starts, and the ledger of what was started for a run.
func (s *Starter) begin(run string) (*family.Spawner, *lease.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		l, err := lease.Join(run)
		if err != nil {
			return nil, nil, err
		}
		s.lease, s.spawner = l, family.NewSpawner()
	}
	return s.spawner, s.lease, nil
}

// Start starts a generator, as remote.Options has it.
func (s *Starter) Start(_ context.Context, stage runner.Stage, index int) (remote.Link, error) {
	exe := s.o.Exe
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find the running program: %w", err)
		}
	}
	spawner, ledger, err := s.begin(stage.Run)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("generator-%d", index+1)
	c := &child{cmd: exec.Command(exe, append(slices.Clone(s.o.Args), name)...), ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), lease.Marker+"="+stage.Run)
	c.cmd.SysProcAttr = family.Attributes()
	if err := c.log(stage.Dir, name); err != nil {
		return nil, err
	}
	if c.in, err = c.cmd.StdinPipe(); err == nil {
		if c.Reader, err = c.cmd.StdoutPipe(); err == nil {
			err = spawner.Start(c.cmd)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.closeLog())
	}
	go c.attend()
	if err := ledger.Child(name, c.cmd.Process.Pid); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// child is a generator.
type child struct {
	cmd *exec.Cmd
	io.Reader
	in   io.WriteCloser
	logs *os.File // nil: nobody keeps what it says beside
	from int64    // where its words begin

	// asked tells that it was to end; ended is closed when it has, err says how.
	asked atomic.Bool
	ended chan struct{}
	err   error
}

var _ remote.Link = (*child)(nil)

func (c *child) log(dir, name string) error {
	if dir == "" {
		return nil
	}
	dir = filepath.Join(dir, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for logs: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open its log: %w", err)
	}
	if info, err := f.Stat(); err == nil {
		c.from = info.Size()
	}
	c.logs, c.cmd.Stderr = f, f
	return nil
}

func (c *child) closeLog() error {
	if c.logs == nil {
		return nil
	}
	return c.logs.Close()
}

// attend waits for its end: of its words first, which Read gives to who asks.
func (c *child) attend() {
	defer close(c.ended)
	state, err := c.cmd.Process.Wait()
	if c.err = err; err == nil && !state.Success() {
		c.err = &exec.ExitError{ProcessState: state}
	}
}

// Write writes to it.
func (c *child) Write(b []byte) (int, error) { return c.in.Write(b) }

// grace is how long it may take to end by itself, whyWithin how long after its last word.
const (
	grace     = 3 * time.Second
	whyWithin = time.Second
)

// Close has it end, and kills it where it does not. It is safe for concurrent use.
func (c *child) Close() error {
	c.asked.Store(true)
	_ = c.in.Close()
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-c.ended:
	case <-late.C:
		_ = c.cmd.Process.Kill() // an error: it has ended
		<-c.ended
	}
	_ = c.closeLog()
	return nil
}

// Why says how it ended, with the last line of its log.
func (c *child) Why() string {
	late := time.NewTimer(whyWithin)
	defer late.Stop()
	select {
	case <-c.ended:
	case <-late.C:
		return ""
	}
	if c.asked.Load() {
		return ""
	}
	how := "it ended by itself"
	if c.err != nil {
		how = "its process ended: " + c.err.Error()
	}
	if c.logs == nil {
		return how
	}
	said, err := os.ReadFile(c.logs.Name())
	if err != nil || int64(len(said)) <= c.from {
		return how
	}
	lines := strings.Split(strings.TrimSpace(string(said[c.from:])), "\n")
	return how + "; its log ends with: " + lines[len(lines)-1]
}
