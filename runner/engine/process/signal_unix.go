//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// canPause tells that this system can stop a process in its tracks.
const canPause = true

// stopWithin bounds the wait for a process to stand still.
const stopWithin = 5 * time.Second

// Pause stops a process, all its threads at once, and returns when it stands still: the signal is only a wish, and a
// thread that runs on another processor goes on until the kernel gets at it.
func (k *child) Pause(ctx context.Context) error {
	pid := k.cmd.Process.Pid
	if err := k.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopWithin, fmt.Errorf("a thread still runs after %s", stopWithin))
	defer cancel()
	look := time.NewTicker(100 * time.Microsecond)
	defer look.Stop()
	for !still(pid) {
		select {
		case <-look.C:
		case <-ctx.Done():
			// It runs on: what did not succeed leaves nothing.
			return errors.Join(fmt.Errorf("stop process %d: %w", pid, context.Cause(ctx)), k.Resume(ctx))
		}
	}
	return nil
}

// Resume continues a process.
func (k *child) Resume(context.Context) error { return k.cmd.Process.Signal(syscall.SIGCONT) }
