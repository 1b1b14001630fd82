package process

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// reservation keeps a loopback port for one instance for as long as the run takes, also while the instance is killed: a
// socket that is bound and never listens. Connections to it are refused, nobody else is given the port, and the instance
// itself can listen on it (both sockets allow reuse, and only one of them listens).
type reservation struct{ fd int }

// reserve takes any free port of 127.0.0.1.
func reserve() (r *reservation, address string, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, "", fmt.Errorf("reserve a port: %w", os.NewSyscallError("socket", err))
	}
	r = &reservation{fd}
	err = errors.Join(
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)),
		os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})),
	)
	if err != nil {
		r.release()
		return nil, "", fmt.Errorf("reserve a port: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		r.release()
		return nil, "", fmt.Errorf("reserve a port: %w", os.NewSyscallError("getsockname", err))
	}
	return r, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port), nil
}

func (r *reservation) release() { _ = unix.Close(r.fd) }
