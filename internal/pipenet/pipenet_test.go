package pipenet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/squallhq/squall/internal/pipenet"
)

// The conformance test of net.Conn implementations is the oracle: it holds for real sockets.
func TestConnIsConformant(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		network := &pipenet.Network{}
		l, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, nil, err
		}
		accepted := make(chan net.Conn, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- c
		}()
		a, err = network.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			return nil, nil, nil, err
		}
		b = <-accepted
		return a, b, func() { a.Close(); b.Close(); l.Close() }, nil
	})
}

func TestDialIsRefusedWhereNobodyListens(t *testing.T) {
	network := &pipenet.Network{}
	if _, err := network.DialContext(t.Context(), "tcp", "127.0.0.1:1"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want connection refused", err)
	}
}

func TestDeadlineIsVirtualAndExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipenet.Pipe(nil, nil)
		defer a.Close()
		defer b.Close()
		a.SetReadDeadline(time.Now().Add(7 * time.Second)) //nolint:errcheck // it has no errors
		began := time.Now()
		_, err := a.Read(make([]byte, 1))
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("got %v, want a timeout", err)
		}
		if waited := time.Since(began); waited != 7*time.Second {
			t.Errorf("waited %s, want 7s", waited)
		}
	})
}

func TestHalfCloseLeavesTheOtherWayOpen(t *testing.T) {
	a, b := pipenet.Pipe(nil, nil)
	a.Write([]byte("question")) //nolint:errcheck // checked at the other end
	a.CloseWrite()              //nolint:errcheck // it has no errors
	if got, err := io.ReadAll(b); string(got) != "question" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	b.Write([]byte("answer")) //nolint:errcheck // checked at the other end
	b.Close()
	if got, err := io.ReadAll(a); string(got) != "answer" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	network := &pipenet.Network{}
	l, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := network.DialContext(ctx, "tcp", l.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}
