package multiplex

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// A request that was given a connection which was reset before it could be sent fails as that: net/http says of it that it can't be used.
func TestConnectionThatWasResetSaysSo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := make(chan *net.TCPConn, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			taken <- conn.(*net.TCPConn)
		}
	}()
	pool := New(1, nil, func(ctx context.Context, _ int) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	})
	defer pool.Close()
	conn, err := pool.reserve(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	server := <-taken
	if err := errors.Join(server.SetLinger(0), server.Close()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); conn.Err() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the connection is not known to be gone")
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://node/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.RoundTrip(r)
	if err == nil || errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("net/http says by itself %v, and there is no need to add to it", err)
	}
	if why := conn.why(err); !errors.Is(why, syscall.ECONNRESET) || !errors.Is(why, err) {
		t.Errorf("it failed as %v, want a reset", why)
	}
	// One that nothing has ended adds nothing.
	if err := (&connection{socket: &socket{}}).why(io.ErrNoProgress); err != io.ErrNoProgress {
		t.Errorf("it failed as %v", err)
	}
}
