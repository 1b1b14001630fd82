package hooks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/scenarios"
)

// Commands runs hooks as commands of this machine.
type Commands struct {
	// Run is the run's id, Scenario the scenario's name, Folder where its file is.
	Run, Scenario, Folder string
	// Log is the file that takes what they say; it is made when the first one is run.
	Log string

	mu   sync.Mutex
	left int // of Log, valid once it is open
	file *os.File
}

// mostLog bounds what all hooks of a run may write into its folder, in bytes.
const mostLog = 1 << 20

// pipesWait is how long what a command has left behind may hold its output: it is killed then.
const pipesWait = 200 * time.Millisecond

// Missing says which hook's program is not there, nil where all are.
func (c *Commands) Missing(hooks []scenarios.Hook) error {
	for _, h := range hooks {
		program := h.Run[0]
		if strings.Contains(program, "/") && !filepath.IsAbs(program) {
			program = filepath.Join(c.Folder, program)
			if !strings.Contains(program, "/") {
				program = "./" + program
			}
		}
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("hook %s can't be run: %w", h.String(), err)
		}
	}
	return nil
}

// Carry is a Run.
func (c *Commands) Carry(ctx context.Context, h scenarios.Hook, m Moment) (int, error) {
	runtime.LockOSThread() // the command dies with the thread that has started it
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, h.Run[0], h.Run[1:]...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr, cmd.WaitDelay = c.Folder, c.environment(m), attributes(), pipesWait
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	said := &output{log: c, head: fmt.Sprintf("[%.3fs %s] ", m.At.Seconds(), h.String())}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("it could not be started: %w", err)
	}
	err := cmd.Wait()
	_ = killGroup(cmd.Process.Pid) // what it has left behind
	if ctx.Err() != nil {
		return 0, fmt.Errorf("killed: %w", ctx.Err())
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code, nil // whatever became of its output
	}
	if _, is := errors.AsType[*exec.ExitError](err); is {
		return 0, fmt.Errorf("it was ended by a signal: %w", err)
	}
	return 0, err
}

func (c *Commands) environment(m Moment) []string {
	env := append(os.Environ(), lease.Marker+"="+c.Run, "SQUALL_SCENARIO="+c.Scenario, "SQUALL_WHEN="+m.When,
		"SQUALL_AT="+strconv.FormatFloat(m.At.Seconds(), 'f', 3, 64))
	if m.Phase != "" {
		return append(env, "SQUALL_PHASE="+m.Phase)
	}
	return append(env, "SQUALL_FAULT="+m.Fault)
}

// output is one command's, line by line into the log.
type output struct {
	log  *Commands
	head string
	mid  bool // a line is not over yet
}

// Write never fails: a full disk, or a log that is full, is no reason to end a command.
func (o *output) Write(p []byte) (int, error) {
	var text strings.Builder
	for line := range strings.Lines(string(p)) {
		if !o.mid {
			text.WriteString(o.head)
		}
		text.WriteString(line)
		o.mid = !strings.HasSuffix(line, "\n")
	}
	o.log.write(text.String())
	return len(p), nil
}

func (c *Commands) write(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		file, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return
		}
		c.file, c.left = file, mostLog
	}
	switch {
	case c.left <= 0:
		return
	case len(text) > c.left:
		text = text[:c.left] + "\n(more is left out)\n"
	}
	c.left -= len(text)
	_, _ = c.file.WriteString(text)
}

// Close closes the log.
func (c *Commands) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		_ = c.file.Close()
	}
}
