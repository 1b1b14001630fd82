package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/engine/surroundings"
	"github.com/squallhq/squall/runner/lease"
)

// command is a child to be: `EXE ARGS ROLE --config -`, with its configuration as JSON on standard input, which then stays
// open for as long as the child is to live.
type command struct {
	name, exe, run, log string
	args                []string
	config              any
}

// child is one process. It answers one line of JSON on its standard output when it has started.
type child struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	log   *os.File
	// from is where this incarnation's words begin in the log.
	from int64
	// ended is closed when the process has ended and all its words are in the log; err says how.
	ended chan struct{}
	err   error
	// asked tells that we have asked it to end.
	asked    atomic.Bool
	standing family.Standing
}

// newChild is a child that has its log, and is not started yet.
func newChild(name, path string) (*child, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open its log: %w", err)
	}
	k := &child{name: name, log: log, ended: make(chan struct{})}
	if info, err := log.Stat(); err == nil {
		k.from = info.Size()
	}
	return k, nil
}

// start starts a child and waits for its line, which is decoded into started. A child that ends before, or does not say it
// in time, is an error with the last words of its log, and is gone when start returns.
func (c command) start(ctx context.Context, s *family.Spawner, l *lease.Lease, started any) (*child, error) {
	config, err := json.Marshal(c.config)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", c.name, err)
	}
	k, err := newChild(c.name, c.log)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", c.name, err)
	}
	k.cmd = exec.Command(c.exe, c.args...)
	k.cmd.Env = append(os.Environ(), lease.Marker+"="+c.run, surroundings.InstanceVariable+"="+c.name)
	k.cmd.Stderr = k.log
	k.cmd.SysProcAttr = family.Attributes()
	stdout, err := k.pipes()
	if err == nil {
		err = s.Start(k.cmd)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %q: %w", c.name, err), k.log.Close())
	}
	noted := l.Child(c.name, k.cmd.Process.Pid)
	line := make(chan error, 1)
	go k.attend(stdout, started, line)
	_, err = k.stdin.Write(append(config, '\n'))
	if err = errors.Join(noted, err); err == nil {
		select {
		case err = <-line:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		_ = k.Kill(ctx)
		return nil, fmt.Errorf("start %q: %w%s", c.name, k.why(err), k.LastWords())
	}
	return k, nil
}

func (k *child) pipes() (io.Reader, error) {
	stdin, err := k.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	k.stdin = stdin
	return k.cmd.StdoutPipe()
}

// attend reads the child's line, copies what else it says into its log, and waits for its end. It is the one owner of Wait.
func (k *child) attend(stdout io.Reader, started any, line chan<- error) {
	defer close(k.ended)
	r := bufio.NewReader(stdout)
	first, err := r.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, started)
	}
	line <- err
	_, _ = io.Copy(k.log, r) // ends with the child
	k.err = k.cmd.Wait()
	if by := byOthers(k.cmd.ProcessState); by != "" && !k.asked.Load() {
		k.err = &engine.Outside{Door: signalDoor, What: by}
	}
	_ = k.log.Close()
}

// why prefers the way a child ended to how its line could not be read.
func (k *child) why(err error) error {
	if k.err != nil && errors.Is(err, io.EOF) {
		return k.err
	}
	return err
}

// Done is closed when it has ended and all its words are in the log; Err says how then.
func (k *child) Done() <-chan struct{} { return k.ended }

// Err is how it ended.
func (k *child) Err() error { return k.err }

// Kill ends it at once (kill -9) and waits until it has ended.
func (k *child) Kill(context.Context) error {
	k.asked.Store(true)
	_ = k.cmd.Process.Kill() // an error: it has ended
	<-k.ended
	_ = k.stdin.Close()
	return nil
}

// Stop asks it to end by closing its standard input, and kills it when grace is over or ctx ends.
func (k *child) Stop(ctx context.Context, grace time.Duration) error {
	k.asked.Store(true)
	_ = k.stdin.Close()
	return k.endWithin(ctx, grace, k.Kill)
}

// endWithin waits for the end of what was asked to end, and kills it when grace is over or ctx ends.
func (k *child) endWithin(ctx context.Context, grace time.Duration, kill func(context.Context) error) error {
	over := time.NewTimer(grace)
	defer over.Stop()
	select {
	case <-k.ended:
		return nil
	case <-over.C:
		return kill(ctx)
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), kill(ctx))
	}
}

// The last words of a log that errors quote.
const (
	lastLines = 5
	lastBytes = 4 << 10
)

// LastWords are the last lines of this incarnation's log, as the end of an error.
func (k *child) LastWords() string {
	data, err := os.ReadFile(k.log.Name())
	if err != nil || int64(len(data)) <= k.from {
		return ""
	}
	data = data[k.from:]
	data = bytes.TrimSpace(data[max(0, len(data)-lastBytes):])
	lines := strings.Split(string(data), "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	return "; its log ends with: " + strings.Join(lines, " | ")
}
