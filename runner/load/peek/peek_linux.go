// Package peek looks at a socket without waiting.
package peek

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Open tells that a socket is fit for use: an idle one has nothing to read (EAGAIN); an end, an
// error or a byte makes it unfit.
func Open(s syscall.Conn) (open, known bool) {
	raw, err := s.SyscallConn()
	if err != nil {
		return false, true
	}
	var buf [1]byte
	err = raw.Control(func(fd uintptr) {
		_, _, got := unix.Recvfrom(int(fd), buf[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		known = !errors.Is(got, unix.ENOTSOCK)
		open = errors.Is(got, unix.EAGAIN)
	})
	return open && err == nil, known || err != nil
}
