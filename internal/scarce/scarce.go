// Package scarce tells errors by which a machine, or the limits of a process on it, run out: they are of the surroundings, never of the
// system that is tested in them. It imports nothing of ours.
package scarce

import (
	"errors"
	"syscall"
)

// lacks are what a connection can fail by that there was nothing left to make it with: file descriptors of the process and of the
// machine, memory, room in the kernel's buffers, ports.
var lacks = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL}

// Lacked tells that an error is such a one.
func Lacked(err error) bool {
	for _, one := range lacks {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
