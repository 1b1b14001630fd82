//go:build unix

package family

import (
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// own are the signals that a program raises by its own doing.
var own = []syscall.Signal{
	syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGPIPE, syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGTRAP,
}

// Signalled says by which signal of somebody else a process has ended; "": by none.
func Signalled(s *os.ProcessState) string {
	status, is := s.Sys().(syscall.WaitStatus)
	switch {
	case !is:
		return ""
	case !status.Signaled() || slices.Contains(own, status.Signal()):
		return ""
	case status.Signal() == syscall.SIGKILL:
		return "killed (SIGKILL, if not by the kernel for want of memory)"
	}
	return "ended by " + unix.SignalName(status.Signal())
}
