//go:build unix

package family

import (
	"bytes"
	"cmp"
	"context"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// saidMost bounds what is quoted of a command.
	saidMost = 4 << 10
	// heldOpen is how long what a command leaves behind may hold its output open.
	heldOpen = time.Second
)

// Run starts a command of a group of its own (Attributes) by start, and waits for its end. Where that takes longer than most, or ctx ends,
// its group is killed, and late, or ctx's cause, is the error. said is what it said, on one line; "": it was not started.
func Run(ctx context.Context, c *exec.Cmd, start func(*exec.Cmd) error, most time.Duration, late error) (said string, err error) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.WaitDelay = heldOpen
	if err := start(c); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, most, late)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		<-ended
		err = context.Cause(ctx)
	}
	lines := strings.Split(strings.TrimSpace(out.String()[:min(out.Len(), saidMost)]), "\n")
	return cmp.Or(strings.Join(lines, " | "), "it said nothing"), err
}
