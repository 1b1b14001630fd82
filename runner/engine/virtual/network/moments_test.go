package network

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Events that are asked for at one instant happen in one order, whatever the order in which they were asked for, and no two
// at one instant.
func TestMomentsAreInOneOrder(t *testing.T) {
	const events = 200
	happened := func(order []int) (at []time.Duration, which []int) {
		synctest.Test(t, func(*testing.T) {
			m, began := &moments{seed: 7}, time.Now()
			var mu sync.Mutex
			for _, n := range order {
				m.draw(&event{happen: func() {
					mu.Lock()
					defer mu.Unlock()
					at, which = append(at, time.Since(began)), append(which, n)
				}}, uint64(n), false, 0)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
		})
		return at, which
	}
	in := make([]int, events)
	for n := range in {
		in[n] = n
	}
	at, which := happened(in)
	if len(at) != events || !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) != events {
		t.Errorf("%d events happened, at %v", len(at), at)
	}
	for range 5 {
		rand.Shuffle(events, func(a, b int) { in[a], in[b] = in[b], in[a] })
		otherAt, otherWhich := happened(in)
		if diff := cmp.Diff(at, otherAt); diff != "" {
			t.Errorf("at other moments (-first +other):\n%s", diff)
		}
		if diff := cmp.Diff(which, otherWhich); diff != "" {
			t.Errorf("in another order (-first +other):\n%s", diff)
		}
	}
}

// A timer that is stopped does not ring, and does not keep the others from ringing on time.
func TestTimersOfMomentsStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, began := New(1).Host("10.0.0.1"), time.Now()
		first, stop := n.After(time.Second)
		second, _ := n.After(2 * time.Second)
		stop()
		<-second
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the second rang after %v", took)
		}
		select {
		case <-first:
			t.Error("the first rang, though it was stopped")
		default:
		}
		stop() // again, when it is long gone
	})
}

// What two places begin to wait for at one instant rings in one order, whoever of them was first to ask.
func TestTimersOfTwoPlacesRingInOneOrder(t *testing.T) {
	rang := func(asking ...string) (order []string) {
		synctest.Test(t, func(*testing.T) {
			n := New(1)
			var mu sync.Mutex
			for _, ip := range asking {
				rings, _ := n.Host(ip).After(time.Second)
				go func() {
					<-rings
					mu.Lock()
					defer mu.Unlock()
					order = append(order, ip)
				}()
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
		})
		return order
	}
	some := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}
	first := rang(some...)
	slices.Reverse(some)
	if other := rang(some...); len(first) != len(some) || !slices.Equal(first, other) {
		t.Errorf("they rang as %v, and as %v where the last asked first", first, other)
	}
}

// Who orders something over a connection of its own is there before a request of the same instant that comes by an edge.
func TestNearIsThereFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(3)
		server, edge := n.Host("10.0.0.1"), n.Host("10.0.0.2")
		began := time.Now()
		var mu sync.Mutex
		came := map[string]time.Duration{}
		serve := func(l net.Listener, got func(net.Conn)) {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go got(c)
			}
		}
		to, err := server.Listen(context.Background(), "tcp", "10.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		by, err := edge.Listen(context.Background(), "tcp", "10.0.0.2:80")
		if err != nil {
			t.Fatal(err)
		}
		go serve(to, func(c net.Conn) {
			what := make([]byte, 5)
			_, _ = io.ReadFull(c, what)
			mu.Lock()
			defer mu.Unlock()
			came[string(what)] = time.Since(began)
		})
		go serve(by, func(c net.Conn) {
			on, err := edge.DialContext(context.Background(), "tcp", "10.0.0.1:80")
			if err == nil {
				_, _ = io.Copy(on, c)
			}
		})
		say := func(h *Host, address, what string) {
			c, err := h.DialContext(context.Background(), "tcp", address)
			if err == nil {
				_, err = io.WriteString(c, what)
			}
			if err != nil {
				t.Error(err)
			}
		}
		user, conductor := n.Host("10.0.0.3"), n.Near("10.0.0.4")
		go say(user, "10.0.0.2:80", "visit")
		go say(conductor, "10.0.0.1:80", "order")
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(came) != 2 || came["order"] >= came["visit"] || came["visit"] > time.Microsecond {
			t.Errorf("they came after %v", came)
		}
		for _, h := range []*Host{server, edge, user, conductor} {
			h.Kill()
		}
	})
}

// The end of a stream comes after the bytes before it, at a moment of its own, though both were sent at one instant: who serves a request
// has begun it before it hears that its client has left. So it is to who looks late, when both have come, as after a second in a listener's queue.
func TestAnEndLandsAfterTheBytesBeforeIt(t *testing.T) {
	t.Run("at once", func(t *testing.T) { endsAfterItsBytes(t, 0) })
	t.Run("late", func(t *testing.T) { endsAfterItsBytes(t, time.Second) })
}

func endsAfterItsBytes(t *testing.T, late time.Duration) {
	for name, end := range map[string]func(*Conn) error{"FIN": (*Conn).Close, "half-close": (*Conn).CloseWrite, "reset": func(c *Conn) error { _ = c.SetLinger(0); return c.Close() }} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := New(1)
				l, err := n.Host("10.0.0.1").Listen(t.Context(), "tcp", "10.0.0.1:80")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				client, err := n.Host("10.0.0.2").DialContext(t.Context(), "tcp", "10.0.0.1:80")
				if err != nil {
					t.Fatal(err)
				}
				near, _ := client.(*Conn)
				if _, err := near.Write([]byte("GET")); err != nil {
					t.Fatal(err)
				}
				if err := end(near); err != nil {
					t.Fatal(err)
				}
				time.Sleep(late)
				server, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				buffer := make([]byte, 8)
				read, err := server.Read(buffer)
				came := time.Now()
				if err != nil || string(buffer[:read]) != "GET" {
					t.Fatalf("read %q, %v", buffer[:read], err)
				}
				if _, err := server.Read(buffer); err == nil {
					t.Fatal("no end")
				}
				if after := time.Since(came); after <= 0 || after > time.Microsecond {
					t.Errorf("the end came %s after the bytes", after)
				}
				_ = near.Close()
			})
		})
	}
}

// Turns that come to several places at one instant come in one order, whoever of them asks first.
func TestTurnsOfPlacesAreInOneOrder(t *testing.T) {
	turns := func(places ...string) (order []string) {
		synctest.Test(t, func(*testing.T) {
			n := New(1)
			var mu sync.Mutex
			for _, place := range places {
				go func() {
					n.Turn(place, 1)
					mu.Lock()
					defer mu.Unlock()
					order = append(order, place)
				}()
				synctest.Wait() // it has asked
			}
			time.Sleep(time.Millisecond)
		})
		return order
	}
	if first, other := turns("a:80", "b:80", "c:80"), turns("c:80", "b:80", "a:80"); len(first) != 3 || !slices.Equal(first, other) {
		t.Errorf("turns came as %v and as %v", first, other)
	}
}

// A deadline passes at a moment when nothing else happens: whether bytes that land in its very ns were there when their reader gave up, so
// that closing answers them with a reset, is the same in every run.
func TestADeadlinePassesAtAMomentOfItsOwn(t *testing.T) {
	const connections, least, most = 400, 15, 40 // ns, among them the time of a crossing
	ends := func() (how []string) {
		synctest.Test(t, func(t *testing.T) {
			n := New(1)
			l, err := n.Host("10.0.0.1").Listen(t.Context(), "tcp", "10.0.0.1:80")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for nth := range connections {
				client, err := n.Host("10.0.0.2").DialContext(t.Context(), "tcp", "10.0.0.1:80")
				if err != nil {
					t.Fatal(err)
				}
				server, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				how = append(how, givesUp(t, client, server, time.Duration(least+nth%(most-least))))
			}
		})
		return how
	}
	first := ends()
	if !slices.Contains(first, "EOF") || !slices.Contains(first, "read: connection reset by peer") {
		t.Fatalf("the ends are %q: of some the bytes are to come first, of others the deadline", first)
	}
	for range 50 {
		if other := ends(); !slices.Equal(first, other) {
			t.Fatalf("one run ends in\n%q\nanother in\n%q", first, other)
		}
	}
}

// givesUp is what a client reads whose byte sets off as a server's wait begins, which closes when that is over.
func givesUp(t *testing.T, client, server net.Conn, wait time.Duration) string {
	t.Helper()
	defer client.Close()
	if err := server.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1)
	for {
		if _, err := server.Read(buffer); err != nil {
			break
		}
	}
	_ = server.Close()
	_, err := client.Read(buffer)
	var failed *net.OpError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}
