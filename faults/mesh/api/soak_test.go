package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/internal/meshtest"
)

// crowd is a hundred clients of one edge that behave as badly as clients do, until it is dismissed.
type crowd struct {
	address string
	ctx     context.Context
	all     sync.WaitGroup
	// whole counts answers that came whole, cut those that did not.
	whole, cut, aborted, unread atomic.Int64
}

// gather starts clients of every sort: a third reads its answers, a third leaves in the middle of
// them, a third stops reading and stays.
func gather(ctx context.Context, address string, clients int) *crowd {
	c := &crowd{address: address, ctx: ctx}
	sorts := []func(net.Conn){c.read, c.abort, c.stare}
	for i := range clients {
		c.all.Go(func() {
			for ctx.Err() == nil {
				c.visit(sorts[i%len(sorts)])
			}
		})
	}
	return c
}

// visit is one connection of one client: it asks for 1 MB and then behaves in its own way.
func (c *crowd) visit(behave func(net.Conn)) {
	conn, err := (&net.Dialer{Timeout: meshtest.Patience}).DialContext(c.ctx, "tcp", c.address)
	if err != nil {
		c.cut.Add(1)
		pause(c.ctx, 100*time.Millisecond)
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(c.ctx, func() { _ = conn.Close() })()
	_, _ = conn.Write([]byte("x")) // an error shows in what comes back
	behave(conn)
}

// read waits for its answer, for at most 150 ms as impatient callers do.
func (c *crowd) read(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(150 * time.Millisecond))
	if n, err := io.Copy(io.Discard, conn); err == nil && n == soakAnswer {
		c.whole.Add(1)
	} else {
		c.cut.Add(1)
	}
	pause(c.ctx, 100*time.Millisecond)
}

// abort leaves after the first 1000 bytes, with a reset.
func (c *crowd) abort(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(150 * time.Millisecond))
	_, _ = io.ReadFull(conn, make([]byte, 1000))
	_ = conn.(*net.TCPConn).SetLinger(0)
	c.aborted.Add(1)
	pause(c.ctx, 100*time.Millisecond)
}

// stare reads nothing for a second.
func (c *crowd) stare(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	c.unread.Add(1)
	pause(c.ctx, time.Second)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// soakAnswer is more than any buffers on the way hold, so that who stops reading stops the sender.
const soakAnswer = 1 << 20

// soakBound is generous: toxiproxy's own calls take 20 s and more here, or never return.
const soakBound = 10 * time.Second

// TestFaultsChangeWhateverClientsDo adds and removes toxics over the API, 200 times, and applies and
// lifts outages over the control API in between, while a crowd comes, aborts and stares. Every
// call must return in time; afterwards nobody hangs and no goroutine is left.
func TestFaultsChangeWhateverClientsDo(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const token = "a token of this test"
	t.Run("soak", func(t *testing.T) {
		block := make([]byte, soakAnswer)
		upstream := meshtest.ListenFunc(t, func(c *net.TCPConn) {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				_, _ = c.Write(block)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		ended, addresses := make(chan error, 1), make(chan remote.Addresses, 1)
		serving, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			ended <- remote.Serve(serving, remote.Config{Control: "127.0.0.1:0", API: "127.0.0.1:0", Token: token, Seed: 3}, func(m *mesh.Mesh) http.Handler { return New(m, m.Stats) }, func(a remote.Addresses) { addresses <- a })
		}()
		at := <-addresses
		control := remote.NewClient(at.Control, token, nil)
		edges, err := control.Open(ctx, []mesh.Edge{{Name: "a-1:b-1", Listen: "127.0.0.1:0", Upstream: upstream}})
		meshtest.Check(t, err)
		proxy, err := toxiclient.NewClient(at.API).Proxy("a-1:b-1")
		meshtest.Check(t, err)

		visiting, dismiss := context.WithCancel(ctx)
		people := gather(visiting, edges[0].Listen, 100)
		rounds := 200
		if testing.Short() {
			rounds = 40 // one of each type, stream and outage
		}
		took := changeFaults(t, ctx, meshtest.ListenEcho(t), proxy, control, rounds)
		slices.Sort(took)
		t.Logf("%d calls: median %s, p99 %s, slowest %s", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		if slowest := took[len(took)-1]; slowest > soakBound {
			t.Errorf("the slowest call took %s", slowest)
		}

		allAnswered(t, edges[0].Listen, 20)
		dismiss()
		people.all.Wait()
		t.Logf("%d answers whole, %d cut, %d aborted, %d not read", people.whole.Load(), people.cut.Load(), people.aborted.Load(), people.unread.Load())
		if people.whole.Load() == 0 || people.cut.Load() == 0 || people.aborted.Load() == 0 || people.unread.Load() == 0 {
			t.Error("one sort of client never came")
		}
		waitForNoneOpen(t, control)
		control.Disconnect()
		http.DefaultClient.CloseIdleConnections()
		stop()
		meshtest.Check(t, <-ended)
	})
}

// changeFaults makes rounds of adding a toxic, updating it and removing it, of all types and both
// streams in turn, every tenth with an outage and a tunnel to an echo server as well, and returns how long each call took.
func changeFaults(t *testing.T, ctx context.Context, echo string, proxy *toxiclient.Proxy, control *remote.Client, rounds int) []time.Duration {
	t.Helper()
	var took []time.Duration
	timed := func(what string, call func() error) {
		start := time.Now()
		if err := call(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		took = append(took, time.Since(start))
	}
	outages := []faults.EdgeOutage{
		{New: faults.NewRefuse, Open: faults.OpenReset}, {New: faults.NewHang, Open: faults.OpenLose},
		{New: faults.NewFreeze, Open: faults.OpenKeep}, {New: faults.NewClose, Open: faults.OpenClose},
	}
	for i := range rounds {
		c, stream := everyToxic[i%len(everyToxic)], []string{"upstream", "downstream"}[i%2]
		if c.kind == "slicer" { // slices of 10 bytes would test how fast this machine makes system calls
			c.before, c.update = toxiclient.Attributes{"average_size": 4000}, toxiclient.Attributes{"size_variation": 2000, "delay": 500}
		}
		name := fmt.Sprintf("%d %s %s", i, c.kind, stream)
		timed("add "+name, func() error {
			_, err := proxy.AddToxic("t", c.kind, stream, 0.8, c.before)
			return err
		})
		pause(ctx, 5*time.Millisecond)
		timed("update "+name, func() error {
			_, err := proxy.UpdateToxic("t", 1, c.update)
			return err
		})
		if i%10 == 9 {
			id, outage := fmt.Sprint(i), outages[i/10%len(outages)]
			timed("apply", func() error {
				return control.Apply(ctx, id, []faults.Primitive{{Op: faults.OpOutage, Edge: proxy.Name, Outage: &outage}})
			})
			pause(ctx, 30*time.Millisecond)
			timed("lift", func() error { _, err := control.Lift(ctx, id); return err })
			timed("tunnel", func() error { return echoesVia(ctx, control, echo) })
		}
		timed("stats", func() error { _, err := control.Stats(ctx); return err })
		timed("remove "+name, func() error { return proxy.RemoveToxic("t") })
	}
	return took
}

// echoesVia sends a byte through a tunnel and waits for it to come back.
func echoesVia(ctx context.Context, control *remote.Client, address string) error {
	conn, err := control.DialVia(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(meshtest.Patience))
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// allAnswered has n new clients each get a whole answer, with all the crowd's noise around them.
func allAnswered(t *testing.T, address string, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			conn, err := net.DialTimeout("tcp", address, meshtest.Patience)
			if err != nil {
				t.Errorf("after the last removal: %v", err)
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(meshtest.Patience))
			_, _ = conn.Write([]byte("x"))
			if got, err := io.Copy(io.Discard, conn); err != nil || got != soakAnswer {
				t.Errorf("after the last removal a client got %d bytes: %v (hangs: %v)", got, err, errors.Is(err, os.ErrDeadlineExceeded))
			}
		})
	}
	all.Wait()
}

// waitForNoneOpen waits until the edge has no connection left, since every client has gone.
func waitForNoneOpen(t *testing.T, control *remote.Client) {
	t.Helper()
	for deadline := time.Now().Add(meshtest.Patience); ; time.Sleep(10 * time.Millisecond) {
		stats, err := control.Stats(t.Context())
		meshtest.Check(t, err)
		if stats[0].Open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("all clients have gone, the edge still has %+v", stats[0])
		}
	}
}
