package load

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// What the generator itself ran out of is told from what the system did.
func TestExhaustionIsTheGenerators(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return dialError{&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", err)}}
	}
	for err, want := range map[error]string{
		dial(syscall.EMFILE): "file descriptors", dial(syscall.ENFILE): "file descriptors", dial(syscall.EADDRNOTAVAIL): "local ports",
		dial(syscall.ENOBUFS): "memory for sockets", dial(syscall.ECONNREFUSED): "", errors.New("any"): "", nil: "",
	} {
		if got := exhausted(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
