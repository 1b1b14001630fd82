//go:build unix && !linux

package family

import "syscall"

// Attributes are those of a child: a process group of its own, so that a terminal's Ctrl-C is its parent's alone. What is to die with its
// parent here ends when its standard input does.
func Attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func lockThread() {}
