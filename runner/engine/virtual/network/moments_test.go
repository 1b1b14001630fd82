package network

import (
	"context"
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
		n, began := New(1), time.Now()
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
// has begun it before it hears that its client has left.
func TestAnEndLandsAfterTheBytesBeforeIt(t *testing.T) {
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
				server, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				near, _ := client.(*Conn)
				if _, err := near.Write([]byte("GET")); err != nil {
					t.Fatal(err)
				}
				if err := end(near); err != nil {
					t.Fatal(err)
				}
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
