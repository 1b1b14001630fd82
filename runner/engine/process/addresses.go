package process

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// addresses gives local commands an address of this machine's loopback each, so that two of them may serve on the same port: all of
// 127.0.0.0/8 is this machine, without anything being set up (on Linux). Another run begins elsewhere.
type addresses struct{ next uint32 }

// The addresses that are given: not those of the first net, some of which are others' by custom.
const (
	firstAddress = 127<<24 | 1<<16
	addressCount = 253 << 16
	// addressTries bounds how many are looked at for one instance.
	addressTries = 64
)

func newAddresses(run string) *addresses {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(run)) // never an error
	return &addresses{next: sum.Sum32() % addressCount}
}

// take gives one where all of some ports are free.
func (a *addresses) take(ports []int) (address string, err error) {
	for range addressTries {
		n := firstAddress + a.next
		a.next = (a.next + 1) % addressCount
		address = netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
		if err = free(address, ports); !errors.Is(err, syscall.EADDRINUSE) {
			return address, err
		}
	}
	return "", fmt.Errorf("%w; something listens there on all addresses: stop it, or give the node another port", err)
}

func free(address string, ports []int) error {
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if errors.Is(err, syscall.EACCES) {
			return fmt.Errorf("%w; ports below 1024 are the administrator's: give the node another port", err)
		}
		if err != nil {
			return err
		}
		_ = listener.Close()
	}
	return nil
}
