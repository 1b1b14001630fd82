package network

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

const somewhere = "10.0.0.1:80"

// connected is a connection between two hosts, with the server's listener.
func connected(t *testing.T) (client, server net.Conn, of [2]*Host, l *Listener) {
	t.Helper()
	n := &Network{}
	of = [2]*Host{n.Host("10.0.0.2"), n.Host("10.0.0.1")}
	listener, err := of[1].Listen(context.Background(), "tcp", somewhere)
	if err != nil {
		t.Fatal(err)
	}
	client, err = of[0].DialContext(context.Background(), "tcp", somewhere)
	if err != nil {
		t.Fatal(err)
	}
	server, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server, of, listener.(*Listener)
}

// The conformance test of net.Conn implementations is the oracle: it holds for real sockets.
func TestConnIsConformant(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		a, b, _, l := connected(t)
		return a, b, func() { a.Close(); b.Close(); l.Close() }, nil
	})
}

// What a client sees of each way in which a server can end, beside what it sees of real sockets on this machine.
func TestEndsAreThoseOfSockets(t *testing.T) {
	for _, test := range []struct {
		name string
		// server does something to its end of a connection over which "hello" has come.
		server func(c net.Conn)
		reads  error // after what had been sent
		sent   string
	}{
		{"everything read, then close", func(c net.Conn) { io.ReadFull(c, make([]byte, 5)); c.Close() }, io.EOF, ""},
		{"answered, then close", func(c net.Conn) { io.ReadFull(c, make([]byte, 5)); c.Write([]byte("bye")); c.Close() }, io.EOF, "bye"},
		{"closed with something unread", func(c net.Conn) { io.ReadFull(c, make([]byte, 1)); c.Close() }, syscall.ECONNRESET, ""},
		{"answered, closed with something unread", func(c net.Conn) {
			io.ReadFull(c, make([]byte, 1))
			c.Write([]byte("bye"))
			time.Sleep(10 * time.Millisecond)
			c.Close()
		}, syscall.ECONNRESET, "bye"},
		{"closed without lingering", func(c net.Conn) {
			io.ReadFull(c, make([]byte, 5))
			c.(interface{ SetLinger(int) error }).SetLinger(0)
			c.Close()
		}, syscall.ECONNRESET, ""},
		{"half closed", func(c net.Conn) { io.ReadFull(c, make([]byte, 5)); c.(interface{ CloseWrite() error }).CloseWrite() }, io.EOF, ""},
	} {
		for _, real := range []bool{false, true} {
			name := test.name
			if real {
				name += ", real sockets"
			}
			t.Run(name, func(t *testing.T) {
				client, server := either(t, real)
				defer client.Close()
				defer server.Close()
				if _, err := client.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				done := make(chan struct{})
				go func() { defer close(done); test.server(server) }()
				if real {
					<-done
					time.Sleep(20 * time.Millisecond) // the kernel delivers resets and ends by itself
				}
				client.SetReadDeadline(time.Now().Add(5 * time.Second))
				got := make([]byte, 16)
				n, err := 0, error(nil)
				for err == nil && n < len(got) {
					var k int
					k, err = client.Read(got[n:])
					n += k
				}
				<-done
				if string(got[:n]) != test.sent || !errors.Is(err, test.reads) {
					t.Errorf("read %q, %v; want %q, %v", got[:n], err, test.sent, test.reads)
				}
				if op := new(net.OpError); err != io.EOF && (!errors.As(err, &op) || op.Op != "read") {
					t.Errorf("%v is %T, want a read's *net.OpError", err, err)
				}
			})
		}
	}
}

// either is a connection in memory, or a real one.
func either(t *testing.T, real bool) (client, server net.Conn) {
	t.Helper()
	if !real {
		client, server, _, _ = connected(t)
		return client, server
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// What is written to an end that has closed is lost, and the write after that fails, as a socket's does.
func TestWritesAfterTheOtherEndClosed(t *testing.T) {
	for _, real := range []bool{false, true} {
		client, server := either(t, real)
		server.Close()
		if real {
			time.Sleep(20 * time.Millisecond)
		}
		if _, err := client.Write([]byte("one")); err != nil {
			t.Errorf("real %v: the first write: %v", real, err)
		}
		if real {
			time.Sleep(20 * time.Millisecond)
		}
		if _, err := client.Write([]byte("two")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("real %v: the second write: %v, want a broken pipe", real, err)
		}
		client.Close()
	}
}

func TestWriteWaitsForRoomAndNotForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, _, _ := connected(t)
		if _, err := client.Write(make([]byte, bufferSize)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			io.ReadFull(server, make([]byte, 100))
		}()
		if _, err := client.Write([]byte("more")); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("a write into a full buffer returned %v after %s, want it when there is room, after 3s", err, time.Since(began))
		}
	})
}

func TestDeadlinesAreExactAndMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, _, _ := connected(t)
		for _, set := range []struct{ first, then, passes time.Duration }{
			{7 * time.Second, 0, 7 * time.Second},
			{7 * time.Second, 2 * time.Second, 2 * time.Second},
			{2 * time.Second, 9 * time.Second, 9 * time.Second},
		} {
			began := time.Now()
			client.SetReadDeadline(began.Add(set.first))
			if set.then > 0 {
				time.AfterFunc(time.Second, func() { client.SetReadDeadline(began.Add(set.then)) })
			}
			_, err := client.Read(make([]byte, 1))
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != set.passes {
				t.Errorf("%+v: %v after %s", set, err, time.Since(began))
			}
		}
	})
}

func TestDialIsRefusedWhereNobodyListens(t *testing.T) {
	n := &Network{}
	if _, err := n.Host("10.0.0.2").DialContext(t.Context(), "tcp", somewhere); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want connection refused", err)
	}
}

func TestPortTurnsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, of, l := connected(t)
		l.Refuse()
		if _, err := of[0].DialContext(t.Context(), "tcp", somewhere); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("refusing: %v", err)
		}
		l.Hang()
		began := time.Now()
		time.AfterFunc(5500*time.Millisecond, func() { l.Serve() })
		if _, err := of[0].DialContext(t.Context(), "tcp", somewhere); err != nil || time.Since(began) != 7*time.Second+synDelay {
			t.Errorf("a dial through a hanging port that serves again after 5.5s: %v after %s, want it to get through at 7s", err, time.Since(began))
		}
		if refused, hung := l.Turned(); refused != 1 || hung != 6 { // at 0, 1, 2, 3, 4 and 5 seconds
			t.Errorf("turned away %d refused, %d hung; want 1 and 6", refused, hung)
		}
		l.Hang()
		began = time.Now()
		if _, err := of[0].DialContext(t.Context(), "tcp", somewhere); !errors.Is(err, syscall.ETIMEDOUT) || time.Since(began) != 131*time.Second+synDelay {
			t.Errorf("a dial that nobody answers: %v after %s, want ETIMEDOUT after 131s", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		var timeout net.Error
		if _, err := of[0].DialContext(ctx, "tcp", somewhere); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("a dial whose context ends: %v, want a timeout", err)
		}
	})
}

// A host that is stopped does nothing, and others can't tell that from one that is slow.
func TestStoppedHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, of, l := connected(t)
		go io.Copy(server, server)
		of[1].Stop()
		began := time.Now()
		time.AfterFunc(5*time.Second, of[1].Go)
		if _, err := client.Write([]byte("x")); err != nil || time.Since(began) != 0 {
			t.Errorf("writing to a stopped host: %v after %s", err, time.Since(began))
		}
		other, err := of[0].DialContext(t.Context(), "tcp", somewhere)
		if err != nil || time.Since(began) != 0 {
			t.Errorf("connecting to a stopped host: %v after %s", err, time.Since(began))
		}
		if _, err := client.Read(make([]byte, 1)); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("its answer came after %s (%v), want 5s", time.Since(began), err)
		}
		if accepted, err := l.Accept(); err != nil {
			t.Error(err)
		} else {
			accepted.Close()
		}
		other.Close()
		client.Close()
	})
}

func TestKilledHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, of, _ := connected(t)
		waits := make(chan error, 2)
		go func() { _, err := server.Read(make([]byte, 1)); waits <- err }()
		of[1].Stop() // dead while it was stopped
		go func() { _, err := server.Write([]byte("late")); waits <- err }()
		synctest.Wait()
		of[1].Kill()
		for range 2 {
			if err := <-waits; !errors.Is(err, net.ErrClosed) {
				t.Errorf("what a killed host did ended with %v", err)
			}
		}
		if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
			t.Errorf("its peer reads %q, %v; want the end", got, err)
		}
		if _, err := of[0].DialContext(t.Context(), "tcp", somewhere); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("connecting to a killed host: %v", err)
		}
		reborn := (&Network{}).Host("10.0.0.1")
		reborn.network = of[0].network
		if _, err := reborn.Listen(t.Context(), "tcp", somewhere); err != nil {
			t.Errorf("its address is not free again: %v", err)
		}
		if _, err := of[1].Listen(t.Context(), "tcp", "10.0.0.1:81"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a killed host listens: %v", err)
		}
	})
}

func TestListenTakesAFreePort(t *testing.T) {
	n := &Network{}
	h := n.Host("10.0.0.1")
	seen := map[string]bool{}
	for range 3 {
		l, err := h.Listen(t.Context(), "tcp", "10.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if a := l.Addr().String(); seen[a] || !strings.HasPrefix(a, "10.0.0.1:") {
			t.Errorf("address %s", a)
		} else {
			seen[a] = true
		}
	}
	if _, err := h.Listen(t.Context(), "tcp", somewhere); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Listen(t.Context(), "tcp", somewhere); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a taken address: %v", err)
	}
}

// The kernel's own documents give these times (ip-sysctl: the last SYN after 67 seconds and the end after 131, with the
// defaults; RFC 6298's 1, 3, 7 ... and 127 without linear timeouts).
func TestSYNTimes(t *testing.T) {
	for linear, want := range map[int][]int{0: {1, 3, 7, 15, 31, 63, 127}, 4: {1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131}} {
		var got []int
		for _, at := range SYNTimes(linear) {
			got = append(got, int(at/time.Second))
		}
		if !slices.Equal(got, want) {
			t.Errorf("with %d linear timeouts SYNs are repeated after %v s, want %v", linear, got, want)
		}
	}
}
