package wire

import (
	"context"
	"net"
	"os"
	"syscall"
	"time"
)

// The longest that a lookup without an answer takes, as resolvers do by default, and a connect to where nobody is.
const (
	lookupPatience  = 10 * time.Second
	connectPatience = 2 * time.Minute
)

// LookUp does what a lookup of a name does before a dial under a fault (its answers are those of faults.NameLookup): nil, perhaps later,
// where the dial goes on, else the error that it ends with.
func LookUp(ctx context.Context, name, answer string, delay time.Duration) error {
	wait := func(d time.Duration) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	failed := func(how string) *net.DNSError {
		return &net.DNSError{Err: how, Name: name, IsNotFound: how == "no such host", IsTemporary: how == "server misbehaving", IsTimeout: how == "i/o timeout"}
	}
	switch answer {
	case "nxdomain":
		return failed("no such host")
	case "servfail":
		return failed("server misbehaving")
	case "timeout":
		if err := wait(lookupPatience); err != nil {
			return err
		}
		return failed("i/o timeout")
	case "slow":
		return wait(delay)
	case "old":
		if err := wait(connectPatience); err != nil {
			return err
		}
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}
	}
	return nil
}
