package apiserver

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// forwards is an API server that forwards to a function in the place of a pod's port; it says an error on its channel where that has one.
func forwards(t *testing.T, pod func(net.Conn) error) *Client {
	t.Helper()
	var served sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		defer served.Done()
		switch {
		case r.URL.Path != "/api/v1/namespaces/team/pods/a/portforward" || r.URL.RawQuery != "ports=8080":
			http.Error(w, `{"kind":"Status","reason":"NotFound","message":"pods \"b\" not found","code":404}`, http.StatusNotFound)
			return
		case r.Header.Get("Authorization") != "Bearer secret0":
			http.Error(w, `{"kind":"Status","reason":"Unauthorized","message":"Unauthorized","code":401}`, http.StatusUnauthorized)
			return
		}
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{forwardProtocol}})
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = socket.CloseNow() }()
		socket.SetReadLimit(1 << 20)
		if err := carry(r.Context(), socket, pod); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(func() { server.Close(); served.Wait() })
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	c := newClient(address, &someone{}, transport, transport)
	c.Namespace = "team"
	return c
}

// carry is a kubelet's side of one forwarded port.
func carry(ctx context.Context, socket *websocket.Conn, pod func(net.Conn) error) error {
	number := binary.LittleEndian.AppendUint16(nil, 8080)
	for _, channel := range []byte{forwardData, forwardError} {
		if err := socket.Write(ctx, websocket.MessageBinary, append([]byte{channel}, number...)); err != nil {
			return err
		}
	}
	near, far := net.Pipe()
	var all sync.WaitGroup
	defer all.Wait()
	defer far.Close()
	all.Go(func() {
		defer far.Close()
		for {
			_, message, err := socket.Read(ctx)
			if err != nil {
				return
			}
			if _, err := far.Write(message[1:]); err != nil {
				return
			}
		}
	})
	ended := make(chan error, 1)
	all.Go(func() { ended <- pod(near); _ = near.Close() })
	buffer := make([]byte, 1000)
	for {
		n, err := far.Read(buffer)
		if n > 0 {
			if err := socket.Write(ctx, websocket.MessageBinary, append([]byte{forwardData}, buffer[:n]...)); err != nil {
				return err
			}
		}
		if err != nil {
			break
		}
	}
	if err := <-ended; err != nil {
		if err := socket.Write(ctx, websocket.MessageBinary, append([]byte{forwardError}, err.Error()...)); err != nil {
			return err
		}
	}
	return socket.Close(websocket.StatusNormalClosure, "")
}

// Bytes come as they were sent, both ways, however they are cut; the other side's end is the end.
func TestForward(t *testing.T) {
	c := forwards(t, func(conn net.Conn) error {
		_, err := io.CopyN(conn, conn, 300_000)
		return err
	})
	conn, err := c.Forward(t.Context(), "a", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := make([]byte, 300_000)
	for i := range sent {
		sent[i] = byte(i * 7 / 3)
	}
	var wrote sync.WaitGroup
	wrote.Go(func() {
		if _, err := conn.Write(sent); err != nil {
			t.Error(err)
		}
	})
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v, want the %d that were sent", len(got), err, len(sent))
	}
	wrote.Wait()
	if _, err := conn.Write([]byte("more")); err == nil {
		t.Error("more could be written to a connection that has ended")
	}
}

// HTTP goes over it, and many connections at a time.
func TestForwardCarriesHTTP(t *testing.T) {
	c := forwards(t, func(conn net.Conn) error {
		listener := &single{conn: conn, done: make(chan struct{})}
		served := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "at "+r.URL.Path) }),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateClosed {
					listener.end()
				}
			}}
		err := served.Serve(listener)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		return err
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Forward(ctx, "a", 8080) }}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a/here", nil)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := client.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); string(body) != "at /here" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	all.Wait()
}

// single is a listener of one connection.
type single struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
}

func (s *single) Accept() (conn net.Conn, err error) {
	if s.conn != nil {
		conn, s.conn = s.conn, nil
		return conn, nil
	}
	<-s.done
	return nil, net.ErrClosed
}

func (s *single) end()           { s.once.Do(func() { close(s.done) }) }
func (s *single) Close() error   { s.end(); return nil }
func (s *single) Addr() net.Addr { return &net.TCPAddr{} }

// What goes wrong at the other side is the error of who reads, or of who connects.
func TestForwardFails(t *testing.T) {
	c := forwards(t, func(net.Conn) error { return errors.New("nobody listens on 8080") })
	conn, err := c.Forward(t.Context(), "a", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil || err.Error() != "forward a port: nobody listens on 8080" {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Forward(t.Context(), "b", 8080); !errors.Is(err, ErrNotFound) || err.Error() != `connect to port 8080 of Pod "b" in namespace "team": pods "b" not found (404)` {
		t.Errorf("no such pod: %v", err)
	}
	c.who = &someone{renewals: 2} // two tokens are refused, and the third is taken
	conn, err = c.Forward(t.Context(), "a", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.who = &someone{renewals: -1}
	if _, err := c.Forward(t.Context(), "a", 8080); !errors.Is(err, ErrUnauthorized) || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody knows who asks: %v, want that, without the token", err)
	}
}

// away is a way to a server that has nobody at its end for the first attempts.
type away struct {
	http.RoundTripper
	attempts int
}

func (a *away) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.attempts--; a.attempts >= 0 {
		return nil, errAway
	}
	return a.RoundTripper.RoundTrip(r)
}

// An API server, or a kubelet, that is away is waited for, as long as the client's patience or the context lets.
func TestForwardWaits(t *testing.T) {
	c := forwards(t, func(conn net.Conn) error {
		_, err := conn.Write([]byte("here"))
		return err
	})
	c.upgrade.Transport = &away{c.upgrade.Transport, 2}
	conn, err := c.Forward(t.Context(), "a", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := io.ReadAll(conn); string(got) != "here" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	gone := func(int, *http.Request) (*http.Response, error) {
		return says(http.StatusInternalServerError, "InternalError", "error dialing backend: dial tcp 10.0.0.11:10250: connect: connection refused"), nil
	}
	inVirtualTime(t, gone, func(t *testing.T, _ *fake, c *Client) {
		c.patience = 20 * time.Second
		begun := time.Now()
		if _, err := c.Forward(t.Context(), "a", 8080); err == nil || !strings.Contains(err.Error(), "error dialing backend") || time.Since(begun) < 10*time.Second || time.Since(begun) > c.patience {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun = time.Now()
		if _, err := c.Forward(ctx, "a", 8080); err == nil || time.Since(begun) > 4*time.Second {
			t.Errorf("a context of 3 s: %v after %s", err, time.Since(begun))
		}
	})
}
