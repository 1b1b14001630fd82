//go:build unix

package hooks

import "syscall"

// killGroup kills a process with all of its group.
func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
