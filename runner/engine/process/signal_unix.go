//go:build unix

package process

import (
	"fmt"
	"syscall"
	"time"
)

func canPause() error { return nil }

// stopWithin bounds the wait for a process to stand still.
const stopWithin = 5 * time.Second

// pause stops a process, all its threads at once, and returns when it stands still: the signal is only a wish, and a
// thread that runs on another processor goes on until the kernel gets at it.
func (k *child) pause() error {
	pid := k.cmd.Process.Pid
	if err := k.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for until := time.Now().Add(stopWithin); !still(pid); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(until) {
			return fmt.Errorf("stop process %d: a thread still runs after %s", pid, stopWithin)
		}
	}
	return nil
}

// resume continues a process.
func (k *child) resume() error { return k.cmd.Process.Signal(syscall.SIGCONT) }
