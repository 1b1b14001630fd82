package family

import (
	"runtime"
	"syscall"
)

// Attributes are those of a child: a process group of its own, so that a terminal's Ctrl-C is its parent's alone, and death with the parent.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lockThread binds the calling goroutine to its thread, for good: both end together.
func lockThread() { runtime.LockOSThread() }
