package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/meshtest"
)

func tunnelClient(t *testing.T) *Client {
	client := NewClient(serveControl(t, &recordedMesh{}), testToken, nil)
	t.Cleanup(client.Disconnect)
	return client
}

func TestTunnelCarriesBothWaysAndHalfCloses(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("half closes", func(t *testing.T) {
		client := tunnelClient(t)
		payload := make([]byte, 3<<20)
		for i := range payload {
			payload[i] = byte(rand.Uint32())
		}
		// It answers only once the caller's way has ended.
		target := meshtest.ListenFunc(t, func(c *net.TCPConn) {
			data, err := io.ReadAll(c)
			if err == nil {
				_, _ = c.Write(append(data, "end"...))
			}
		})
		conn, err := client.DialVia(t.Context(), target)
		meshtest.Check(t, err)
		defer func() { _ = conn.Close() }()
		meshtest.Check(t, conn.SetDeadline(time.Now().Add(meshtest.Patience)))
		_, err = conn.Write(payload)
		meshtest.Check(t, err)
		meshtest.Check(t, conn.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(conn)
		meshtest.Check(t, err)
		if !bytes.Equal(got, append(payload, "end"...)) {
			t.Errorf("got %d bytes back, want %d", len(got), len(payload)+3)
		}
	})
	t.Run("the target ends its way first", func(t *testing.T) {
		client := tunnelClient(t)
		received := make(chan string, 1)
		target := meshtest.ListenFunc(t, func(c *net.TCPConn) {
			_, _ = c.Write([]byte("hello"))
			_ = c.CloseWrite()
			data, _ := io.ReadAll(c)
			received <- string(data)
		})
		conn, err := client.DialVia(t.Context(), target)
		meshtest.Check(t, err)
		defer func() { _ = conn.Close() }()
		meshtest.Check(t, conn.SetDeadline(time.Now().Add(meshtest.Patience)))
		greeting, err := io.ReadAll(conn)
		meshtest.Check(t, err)
		meshtest.Same(t, "greeting", "hello", string(greeting))
		_, err = conn.Write([]byte("still here"))
		meshtest.Check(t, err)
		meshtest.Check(t, conn.Close())
		meshtest.Same(t, "received", "still here", <-received)
	})
}

func TestTunnelEndsWithItsEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("closed", func(t *testing.T) {
		client := tunnelClient(t)
		closed := make(chan struct{})
		target := meshtest.ListenFunc(t, func(c *net.TCPConn) {
			_, _ = io.Copy(io.Discard, c)
			close(closed)
		})
		conn, err := client.DialVia(t.Context(), target)
		meshtest.Check(t, err)
		meshtest.Check(t, conn.Close())
		select {
		case <-closed:
		case <-time.After(meshtest.Patience):
			t.Error("the target's connection is still open")
		}
	})
}

func TestTunnelThatCantOpenSaysWhy(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("errors", func(t *testing.T) {
		client := tunnelClient(t)
		free, err := net.Listen("tcp", "127.0.0.1:0")
		meshtest.Check(t, err)
		nobody := free.Addr().String()
		meshtest.Check(t, free.Close())
		if _, err := client.DialVia(t.Context(), nobody); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("an address where nobody listens gives %v", err)
		}
		var invalid *faults.InvalidError
		if _, err := client.DialVia(t.Context(), "no port"); !errors.As(err, &invalid) {
			t.Errorf("an address without a port gives %v", err)
		}
	})
	t.Run("a mesh that does not answer", func(t *testing.T) {
		mute := meshtest.ListenFunc(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
		client := NewClient(mute, testToken, nil)
		defer client.Disconnect()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := client.DialVia(ctx, "127.0.0.1:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a tunnel gives %v", err)
		}
		if _, err := client.Stats(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call gives %v", err)
		}
	})
}

func TestForwardMakesARemoteListenerLocal(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("forward", func(t *testing.T) {
		client, echo := tunnelClient(t), meshtest.ListenEcho(t)
		local, err := net.Listen("tcp", "127.0.0.1:0")
		meshtest.Check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- client.Forward(ctx, local, echo) }()
		conn, err := net.Dial("tcp", local.Addr().String())
		meshtest.Check(t, err)
		defer func() { _ = conn.Close() }()
		meshtest.Check(t, conn.SetDeadline(time.Now().Add(meshtest.Patience)))
		_, err = conn.Write([]byte("ping"))
		meshtest.Check(t, err)
		got := make([]byte, 4)
		_, err = io.ReadFull(conn, got)
		meshtest.Check(t, err)
		meshtest.Same(t, "echo", "ping", string(got))
		cancel()
		meshtest.Check(t, <-ended)
		if _, err := conn.Read(got); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection is still open: %v", err)
		}
	})
}
