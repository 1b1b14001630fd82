//go:build unix

package process

import "syscall"

func canPause() error { return nil }

// pause and resume stop and continue a process, all its threads at once.
func (k *child) pause() error  { return k.cmd.Process.Signal(syscall.SIGSTOP) }
func (k *child) resume() error { return k.cmd.Process.Signal(syscall.SIGCONT) }
