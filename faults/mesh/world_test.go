package mesh

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/meshtest"
)

// world is a mesh with one edge to one callee.
type world struct {
	*testing.T
	mesh   *Mesh
	edge   Edge
	callee *callee
}

// callee is a server whose connections the test holds in its hands.
type callee struct {
	listener net.Listener
	conns    chan *net.TCPConn
}

// newCallee listens. serve, if it is given, runs for every connection and closes it; otherwise the test takes them with accept.
func newCallee(t testing.TB, serve func(*net.TCPConn)) *callee {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &callee{listener: l, conns: make(chan *net.TCPConn, 4096)}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tcp := conn.(*net.TCPConn)
			if serve == nil {
				c.conns <- tcp
				continue
			}
			go func() {
				defer tcp.Close()
				serve(tcp)
			}()
		}
	}()
	return c
}

func (c *callee) address() string { return c.listener.Addr().String() }

func echo(c *net.TCPConn) { _, _ = io.Copy(c, c) }

// newWorld makes a mesh with one edge, checks at the end that nothing of it is left running.
func newWorld(t *testing.T, serve func(*net.TCPConn)) *world {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	w := &world{T: t, callee: newCallee(t, serve), mesh: New(Options{Seed: 1})}
	t.Cleanup(func() {
		if err := w.mesh.Close(); err != nil {
			t.Errorf("close the mesh: %v", err)
		}
	})
	opened, err := w.mesh.Open(t.Context(), []Edge{{Name: "a:b", Listen: "127.0.0.1:0", Upstream: w.callee.address()}})
	if err != nil {
		t.Fatal(err)
	}
	w.edge = opened[0]
	return w
}

// dial connects over the edge.
func (w *world) dial() *net.TCPConn {
	w.Helper()
	c, err := net.DialTimeout("tcp", w.edge.Listen, meshtest.Patience)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	w.within(c)
	return c.(*net.TCPConn)
}

// within gives a connection a deadline, so that no test hangs.
func (w *world) within(c net.Conn) {
	if err := c.SetDeadline(time.Now().Add(meshtest.Patience)); err != nil {
		w.Fatal(err)
	}
}

// accept is the callee's half of the next connection.
func (w *world) accept() *net.TCPConn {
	w.Helper()
	select {
	case c := <-w.callee.conns:
		w.Cleanup(func() { c.Close() })
		w.within(c)
		return c
	case <-time.After(meshtest.Patience):
		w.Fatal("no connection reached the callee")
		return nil
	}
}

// pair is an open connection: the caller's half and the callee's.
func (w *world) pair() (caller, callee *net.TCPConn) {
	w.Helper()
	caller = w.dial()
	return caller, w.accept()
}

// pass sends text from one end and expects it at the other.
func (w *world) pass(from, to net.Conn, text string) {
	w.Helper()
	w.write(from, text)
	w.expect(to, text)
}

func (w *world) write(c net.Conn, text string) {
	w.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		w.Fatalf("write %q: %v", text, err)
	}
}

func (w *world) expect(c net.Conn, text string) {
	w.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != text {
		w.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// silent expects that nothing comes for a while: no byte and no end.
func (w *world) silent(c net.Conn, d time.Duration) {
	w.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		w.Fatal(err)
	}
	n, err := c.Read(make([]byte, 1))
	if n > 0 || !os.IsTimeout(err) {
		w.Fatalf("read %d bytes, %v; want silence", n, err)
	}
	w.within(c)
}

// apply puts faults on and takes them off at the end if the test doesn't.
func (w *world) apply(id string, primitives ...faults.Primitive) {
	w.Helper()
	for i := range primitives {
		primitives[i].Edge = w.edge.Name
	}
	start := time.Now()
	if err := w.mesh.Apply(w.Context(), id, primitives); err != nil {
		w.Fatal(err)
	}
	w.quick("apply", start)
}

// quick fails a change of faults that waited for something. It takes far less; the bound is for a busy machine.
func (w *world) quick(what string, start time.Time) {
	w.Helper()
	if took := time.Since(start); took > time.Second {
		w.Errorf("%s took %s", what, took)
	}
}

func (w *world) lift(id string) faults.Receipt {
	w.Helper()
	start := time.Now()
	r, err := w.mesh.Lift(context.Background(), id)
	if err != nil {
		w.Fatal(err)
	}
	w.quick("lift", start)
	return r
}

func toxicOn(stream string, attributes faults.Attributes) faults.Primitive {
	return faults.Primitive{Op: faults.OpToxic, Toxic: &faults.Toxic{Stream: stream, Toxicity: 1, Attributes: attributes}}
}

// become is an update to these attributes.
func become(attributes faults.Attributes) func(faults.Toxic) (faults.Toxic, error) {
	return func(t faults.Toxic) (faults.Toxic, error) {
		t.Attributes = attributes
		return t, nil
	}
}

func outageOf(o faults.EdgeOutage) faults.Primitive {
	return faults.Primitive{Op: faults.OpOutage, Outage: &o}
}

// eventually waits for a condition.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(meshtest.Patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("%s: still not so after %s", what, meshtest.Patience)
		}
	}
}

func (w *world) stats() EdgeStats {
	w.Helper()
	all, err := w.mesh.Stats(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return all[0]
}

// dialShort connects with little meshtest.Patience, for clients under faults that hang.
func dialShort(address string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(100 * time.Millisecond))
}
