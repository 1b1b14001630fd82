//go:build unix && !linux

package hooks

import "syscall"

// attributes: a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
