package host

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
)

// short is a network that has nothing left, or is refused.
type short struct{ err error }

func (s short) DialContext(context.Context, string, string) (net.Conn, error) { return nil, s.err }
func (s short) Listen(context.Context, string, string) (net.Listener, error)  { return s, nil }
func (s short) Accept() (net.Conn, error)                                     { return nil, s.err }
func (s short) Close() error                                                  { return nil }
func (s short) Addr() net.Addr                                                { return nil }

// A connection that was not made for want of descriptors is counted, called or accepted; one that was refused is not.
func TestLackedIsCounted(t *testing.T) {
	for err, want := range map[error]int64{syscall.EMFILE: 2, syscall.ECONNREFUSED: 0} {
		synctest.Test(t, func(t *testing.T) {
			i := NewInstance(Config{}, Environment{Network: short{err}})
			if _, got := i.Network.DialContext(t.Context(), "tcp", "a:1"); !errors.Is(got, err) {
				t.Errorf("dial: %v", got)
			}
			l, listened := i.Network.Listen(t.Context(), "tcp", "a:1")
			if listened != nil {
				t.Fatal(listened)
			}
			if _, got := l.Accept(); !errors.Is(got, err) {
				t.Errorf("accept: %v", got)
			}
			if n := lackedTotal.In(i.Metrics).Load(); n != want {
				t.Errorf("%v: counted %d, want %d", err, n, want)
			}
		})
	}
}
