//go:build unix && !linux

package process

import (
	"syscall"
	"time"
)

// attributes: a process group of its own, so that a terminal's Ctrl-C is squall's alone. Children end when their
// standard input does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func lockThread() {}

// cpuTime can't be told here.
func cpuTime(int) time.Duration { return 0 }
