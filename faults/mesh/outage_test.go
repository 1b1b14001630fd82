package mesh

import (
	"context"
	"errors"
	"fmt"
	"github.com/squallhq/squall/internal/meshtest"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// What a client sees, in words.
const (
	sawAnswer  = "answer"
	sawRefused = "refused"
	sawReset   = "reset"
	sawEOF     = "end of file"
	sawNothing = "nothing"
	sawHang    = "connect hangs"
)

// watch is how long a test watches that nothing happens.
const watch = 150 * time.Millisecond

func sight(err error) string {
	switch {
	case err == nil:
		return sawAnswer
	case errors.Is(err, syscall.ECONNREFUSED):
		return sawRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return sawReset
	case errors.Is(err, io.EOF), strings.Contains(err.Error(), "EOF"),
		strings.Contains(err.Error(), "server closed idle connection"):
		return sawEOF
	case os.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return sawNothing
	case errors.Is(err, errHang):
		return sawHang
	default:
		return err.Error()
	}
}

// client is one way of using an edge: on a new connection, or on one that is open.
type client interface {
	// ask sends a request and says what comes of it within a time.
	ask(within time.Duration) string
	close()
}

// rawClient is a plain TCP client.
type rawClient struct {
	address string
	conn    net.Conn
}

func (c *rawClient) ask(within time.Duration) string {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, within)
		if err != nil {
			if os.IsTimeout(err) {
				return sawHang
			}
			return sight(err)
		}
		c.conn = conn
	}
	_ = c.conn.SetDeadline(time.Now().Add(within))
	// One line is one request for the HTTP server behind the edge.
	_, err := io.WriteString(c.conn, "GET / HTTP/1.1\r\nHost: b\r\n\r\n")
	if err == nil {
		answer := make([]byte, 12)
		if _, err = io.ReadFull(c.conn, answer); err == nil {
			_, err = c.conn.Read(make([]byte, 4096)) // the rest
		}
	}
	return sight(err)
}

func (c *rawClient) close() {
	if c.conn != nil {
		c.conn.Close()
	}
}

// httpClient is Go's own, with one connection.
type httpClient struct {
	address    string
	client     *http.Client
	dialWithin time.Duration
}

func newHTTPClient(address string) *httpClient {
	c := &httpClient{address: address}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Timeout: c.dialWithin}
		conn, err := dialer.DialContext(ctx, network, address)
		if os.IsTimeout(err) {
			return nil, errHang
		}
		return conn, err
	}
	c.client = &http.Client{Transport: &http.Transport{DialContext: dial, MaxConnsPerHost: 1}}
	return c
}

var errHang = errors.New(sawHang)

func (c *httpClient) ask(within time.Duration) string {
	c.dialWithin = within
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	// What waits for an answer begins to when it has a connection: of one that hangs the error is the dial's.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { time.AfterFunc(within, func() { cancel(context.DeadlineExceeded) }) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.address, strings.NewReader("x")) // POST: the client repeats no POST
	if err != nil {
		return err.Error()
	}
	answer, err := c.client.Do(request)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return sight(err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return sight(err)
}

func (c *httpClient) close() { c.client.CloseIdleConnections() }

// httpCallee answers every request.
func httpCallee(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	if err := w.mesh.SetUpstream(t.Context(), w.edge.Name, listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	return w
}

// outageCase is one entry of the vocabulary of outages.
type outageCase struct {
	name   string
	outage faults.EdgeOutage
	// newSees and openSees are while it is on; after is what the open connection sees afterwards.
	newSees, openSees, after string
	receipt                  func(faults.Receipt) bool
}

// slowAccept is the delay of the outage that has one.
const slowAccept = 100 * time.Millisecond

func outageCases() []outageCase {
	return []outageCase{
		{"nothing", faults.EdgeOutage{New: faults.NewPass, Open: faults.OpenPass}, sawAnswer, sawAnswer, sawAnswer, nil},
		{"refuse", faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenPass}, sawRefused, sawAnswer, sawAnswer,
			func(r faults.Receipt) bool { return r.Refused >= 1 }},
		{"hang", faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenPass}, sawHang, sawAnswer, sawAnswer,
			func(r faults.Receipt) bool { return r.Hung >= 1 }},
		{"close", faults.EdgeOutage{New: faults.NewClose, Open: faults.OpenClose}, sawEOF, sawEOF, sawEOF,
			func(r faults.Receipt) bool { return r.Closed >= 2 && r.Connections == r.Closed }},
		{"reset", faults.EdgeOutage{New: faults.NewReset, Open: faults.OpenReset}, sawReset, sawReset, sawReset,
			func(r faults.Receipt) bool { return r.Reset >= 2 && r.Connections == r.Reset }},
		{"slow", faults.EdgeOutage{New: faults.NewSlow, Open: faults.OpenPass, Delay: slowAccept}, sawAnswer, sawAnswer, sawAnswer,
			func(r faults.Receipt) bool { return r.Connections == 1 }},
		{"freeze and keep", faults.EdgeOutage{New: faults.NewFreeze, Open: faults.OpenKeep}, sawNothing, sawNothing, sawAnswer,
			func(r faults.Receipt) bool { return r.Connections == 2 && r.Lost == 0 }},
		{"freeze and lose", faults.EdgeOutage{New: faults.NewFreeze, Open: faults.OpenLose}, sawNothing, sawNothing, sawReset,
			// An HTTP client that gives up closes its connection itself, so that there may be none left to reset; that a raw one is
			// reset, it sees for itself.
			func(r faults.Receipt) bool { return r.Connections == 2 && r.Lost > 0 && r.Reset <= 1 }},
		{"lose requests", faults.EdgeOutage{New: faults.NewPass, Open: faults.OpenLose, Direction: faults.Up}, sawAnswer, sawNothing, sawReset, nil},
		{"lose answers", faults.EdgeOutage{New: faults.NewPass, Open: faults.OpenLose, Direction: faults.Down}, sawAnswer, sawNothing, sawReset, nil},
		{"keep requests", faults.EdgeOutage{New: faults.NewPass, Open: faults.OpenKeep, Direction: faults.Up}, sawAnswer, sawNothing, sawAnswer, nil},
		{"keep answers", faults.EdgeOutage{New: faults.NewPass, Open: faults.OpenKeep, Direction: faults.Down}, sawAnswer, sawNothing, sawAnswer, nil},
	}
}

// TestOutages is the vocabulary of outages: what a raw TCP client and an HTTP client see on new and on
// open connections while each is on, and on the same ones and on new ones once it is lifted.
func TestOutages(t *testing.T) {
	for _, c := range outageCases() {
		for _, kind := range []string{"TCP", "HTTP"} {
			t.Run(fmt.Sprintf("%s seen by %s", c.name, kind), func(t *testing.T) { seeOutage(t, c, kind) })
		}
	}
}

func seeOutage(t *testing.T, c outageCase, kind string) {
	t.Helper()

	w := httpCallee(t)
	fresh := func() client {
		if kind == "TCP" {
			return &rawClient{address: w.edge.Listen}
		}
		return newHTTPClient(w.edge.Listen)
	}
	open, other := fresh(), fresh()
	defer open.close()
	defer other.close()
	if saw := open.ask(meshtest.Patience); saw != sawAnswer {
		t.Fatalf("before the outage: %s", saw)
	}
	w.apply("o", outageOf(c.outage))
	within := meshtest.Patience
	for _, s := range []string{c.newSees, c.openSees} {
		if s == sawNothing || s == sawHang {
			within = watch
		}
	}
	start := time.Now()
	if saw := other.ask(max(within, 2*slowAccept)); saw != c.newSees {
		t.Errorf("a new connection saw %q, want %q", saw, c.newSees)
	}
	if took := time.Since(start); c.outage.New == faults.NewSlow && took < slowAccept {
		t.Errorf("a slow connection took %s, want at least %s", took, slowAccept)
	}
	if saw := open.ask(within); saw != c.openSees {
		t.Errorf("an open connection saw %q, want %q", saw, c.openSees)
	}
	r := w.lift("o")
	if c.receipt != nil && !c.receipt(r) {
		t.Errorf("receipt %+v", r)
	}
	again := fresh()
	defer again.close()
	if saw := again.ask(meshtest.Patience); saw != sawAnswer {
		t.Errorf("after the outage a new connection saw %q", saw)
	}
	if raw, ok := open.(*rawClient); ok {
		// What an HTTP client gave up on it doesn't ask again; a raw one reads on.
		if saw := raw.ask(meshtest.Patience); saw != c.after {
			t.Errorf("after the outage the open connection saw %q, want %q", saw, c.after)
		}
	}
}

func TestResetPeerResetsAnIdleOpenConnection(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.apply("f", toxicOn(faults.Downstream, faults.ResetPeerToxic{Timeout: 0}))
	for name, half := range map[string]net.Conn{"caller": caller, "callee": callee} {
		if _, err := half.Read(make([]byte, 1)); sight(err) != sawReset {
			t.Errorf("the %s saw %v, want a reset", name, err)
		}
	}
	if r := w.lift("f"); r.Reset != 1 || r.Connections != 1 {
		t.Errorf("receipt %+v", r)
	}
}
