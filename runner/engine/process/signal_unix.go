//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/family"
)

// canPause tells that this system can stop a process in its tracks.
const canPause = true

// Pause stops a process, all its threads at once, and returns when it stands still: the signal is only a wish, and a
// thread that runs on another processor goes on until the kernel gets at it.
func (k *child) Pause(ctx context.Context) error {
	k.standing.Lock()
	defer k.standing.Unlock()
	pid := k.cmd.Process.Pid
	if err := k.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, family.StopWithin, fmt.Errorf("a thread still runs after %s", family.StopWithin))
	defer cancel()
	look := time.NewTicker(100 * time.Microsecond)
	defer look.Stop()
	for !family.Still(pid) {
		select {
		case <-look.C:
		case <-ctx.Done():
			// It runs on: what did not succeed leaves nothing.
			return errors.Join(fmt.Errorf("stop process %d: %w", pid, context.Cause(ctx)), k.goOn())
		}
	}
	k.standing.Stopped = true
	return nil
}

// Resume continues a process.
func (k *child) Resume(context.Context) error {
	k.standing.Lock()
	defer k.standing.Unlock()
	return k.goOn()
}

func (k *child) goOn() error {
	if err := k.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	k.standing.Stopped = false
	return nil
}

// signalDoor is the door of signals that others send.
const signalDoor = "signal"

// byOthers says by which signal of somebody else a child has ended that we had not asked to; "": by none. A child of ours ends
// without an error only where it is asked to.
func byOthers(s *os.ProcessState) string {
	if status, is := s.Sys().(syscall.WaitStatus); is && status.Exited() && status.ExitStatus() == 0 {
		return "asked to end (SIGTERM or SIGINT)"
	}
	return family.Signalled(s)
}

// lookEvery is how often a child's state is looked at.
const lookEvery = 20 * time.Millisecond

// lookOut tells when somebody else stops a child or lets it go on, until it has ended.
func (k *child) lookOut(tell func(engine.Notice)) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-k.ended:
			return
		case <-look.C:
		}
		is, changed := k.standing.Look(k.cmd.Process.Pid)
		if !changed {
			continue
		}
		n := engine.Notice{On: k.name, At: time.Now(), Door: signalDoor, What: "continued (SIGCONT)", Now: engine.Running}
		if is {
			n.What, n.Now = "stopped (SIGSTOP)", engine.Still
		}
		tell(n)
	}
}
