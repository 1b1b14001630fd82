package load_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// overSockets drives 100/s for 500 ms at a TCP address and counts connections.
func overSockets(t *testing.T, address string) (record.Request, int64) {
	t.Helper()
	recorder := record.NewRecorder([]record.Span{{Name: "all", End: time.Minute}})
	var dials atomic.Int64
	l := open(100)
	l.Timeout = 10 * time.Second
	_, err := load.New(load.Options{FineWait: true}).Drive(t.Context(), runner.Drive{
		Order: order.Order{
			Loads: []*scenarios.Load{l}, Seed: 1, Until: 500 * time.Millisecond, Edges: map[string][]order.Edge{"users": {{Name: "users:web-1"}}},
		},
		Zero: time.Now(),
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			dials.Add(1)
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		},
		Record: recorder.Add,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := recorder.Phases()[0].Requests[0]
	if r.Sent != 50 {
		t.Errorf("%d samples, want 50", r.Sent)
	}
	return r, dials.Load()
}

// listen accepts connections and hands each to serve, until the test ends.
func listen(t *testing.T, serve func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func TestErrorClassesOfSockets(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	read := func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }
	cases := []struct {
		name, class string
		serve       func(*net.TCPConn)
	}{
		{"a closed port", record.ErrRefused, nil},
		{"reset", record.ErrReset, func(c *net.TCPConn) { read(c); _ = c.SetLinger(0) }},
		{"closed without an answer", record.ErrEOF, read},
		{"closed in the body", record.ErrBody, func(c *net.TCPConn) { read(c); _, _ = c.Write([]byte(answer + "half")) }},
		{"reset in the body", record.ErrBody, func(c *net.TCPConn) {
			read(c)
			_, _ = c.Write([]byte(answer + "half"))
			time.Sleep(5 * time.Millisecond) // so that the head has been read before the reset throws it away
			_ = c.SetLinger(0)
		}},
		{"another protocol", record.ErrOther, func(c *net.TCPConn) { read(c); _, _ = c.Write([]byte("220 mail ESMTP\r\n")) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := ""
			if c.serve != nil {
				address = listen(t, c.serve)
			} else {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				address = l.Addr().String()
				_ = l.Close()
			}
			r, _ := overSockets(t, address)
			if diff := cmp.Diff(map[string]int64{c.class: 50}, r.Errors); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
		})
	}
}

// A server that closes a kept-alive connection right after its answer costs a connection, not a failure.
func TestStaleSocketsAreNotUsed(t *testing.T) {
	t.Parallel()
	address := listen(t, func(c *net.TCPConn) {
		for range 5 {
			if n, err := c.Read(make([]byte, 4096)); n == 0 || err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		}
	})
	r, dials := overSockets(t, address)
	if r.OK != 50 {
		t.Errorf("%+v", r)
	}
	if dials < 10 || dials > 30 {
		t.Errorf("%d connections for 50 requests of 5 each, want 10", dials)
	}
}

func TestKeepAliveUsesOneConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 100_000)) // chunked
	})}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
	r, dials := overSockets(t, l.Addr().String())
	if r.OK != 50 {
		t.Errorf("%+v", r)
	}
	if dials > 40 { // one, and some more while the machine was busy; without keep-alive it would be 50
		t.Errorf("%d connections for 50 requests one after the other", dials)
	}
}
