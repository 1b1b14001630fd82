package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// DialVia opens a connection to any TCP address that the mesh's process reaches, through that
// process. Names are resolved there. The connection passes half-closes both ways. The context
// bounds the opening only.
func (c *Client) DialVia(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	where := "http://" + c.address + routeTunnel + "?address=" + url.QueryEscape(address)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, fmt.Errorf("make a request for the mesh at %q: %w", c.address, err)
	}
	request.Header = c.header()
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", tunnelProtocol)
	conn, err := c.dial(ctx, "tcp", c.address)
	if err != nil {
		return nil, fmt.Errorf("ask the mesh at %s for %q: %w", c.address, address, err)
	}
	tunnel, err := openTunnel(ctx, conn, request)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("reach %q through the mesh: %w", address, err)
	}
	return tunnel, nil
}

// openTunnel asks for the upgrade and waits for it, at most until the context is done.
func openTunnel(ctx context.Context, conn net.Conn, request *http.Request) (net.Conn, error) {
	interrupt := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	buffered := bufio.NewReader(conn)
	response, err := exchange(conn, buffered, request)
	if !interrupt() {
		// The deadline is in the past, or about to be: this connection is of no more use.
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return nil, errors.Join(errors.New(response.Status), err)
		}
		return nil, answerError(response.Status, data)
	}
	early := make([]byte, buffered.Buffered())
	if _, err := io.ReadFull(buffered, early); err != nil {
		return nil, err
	}
	return &tunnelConn{Conn: conn, early: early}, nil
}

func exchange(conn net.Conn, buffered *bufio.Reader, request *http.Request) (*http.Response, error) {
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(buffered, request)
}

// tunnelConn is a connection through a mesh. What came together with the upgrade is read first.
type tunnelConn struct {
	net.Conn
	mu    sync.Mutex
	early []byte
}

// Read reads what the other end sent.
func (t *tunnelConn) Read(p []byte) (int, error) {
	t.mu.Lock()
	if len(t.early) > 0 {
		n := copy(p, t.early)
		t.early = t.early[n:]
		t.mu.Unlock()
		return n, nil
	}
	t.mu.Unlock()
	return t.Conn.Read(p)
}

// CloseWrite ends the way to the other end; the way back stays open.
func (t *tunnelConn) CloseWrite() error { return port.CloseWrite(t.Conn) }

// Forward accepts connections and carries each to address through the mesh, until the context is
// done; then it closes the listener, ends the connections and returns nil. It makes a listener in
// the mesh's network, such as toxiproxy's API in a container, one on this machine's loopback.
func (c *Client) Forward(ctx context.Context, listener net.Listener, address string) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var connections sync.WaitGroup
	defer connections.Wait()
	carrying, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil { // the caller's: one derived from it may end after the listener is closed
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("forward connections to %q: %w", address, err)
		}
		connections.Go(func() {
			target, err := c.DialVia(carrying, address)
			if err != nil {
				_ = conn.Close()
				return
			}
			carryTunnel(carrying, conn, conn, target)
		})
	}
}
