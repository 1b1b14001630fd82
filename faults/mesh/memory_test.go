package mesh

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/faults"
)

// memory is a network of pipes: no socket, so that a bubble of virtual time can hold it.
type memory struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener
}

type memoryListener struct {
	address string
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newMemory() *memory { return &memory{listeners: make(map[string]*memoryListener)} }

func (m *memory) Listen(_ context.Context, _, address string) (net.Listener, error) {
	l := &memoryListener{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners[address] = l
	return l, nil
}

func (m *memory) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %q: nobody listens", address)
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr(l.address) }

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

// bubble runs a test in virtual time over one edge in memory. The bubble itself fails a test that
// leaves a goroutine.
func bubble(t *testing.T, edge Edge, test func(t *testing.T, m *Mesh, caller, callee net.Conn)) {
	t.Helper()
	bubbleOf(t, Options{Seed: 1}, edge, test)
}

// bubbleOf is bubble for a mesh with options.
func bubbleOf(t *testing.T, o Options, edge Edge, test func(t *testing.T, m *Mesh, caller, callee net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := newMemory()
		o.Network = network
		m := New(o)
		listener, err := network.Listen(t.Context(), "tcp", "callee")
		if err != nil {
			t.Fatal(err)
		}
		edge.Name, edge.Listen, edge.Upstream = "a:b", "caller", "callee"
		if _, err := m.Open(t.Context(), []Edge{edge}); err != nil {
			t.Fatal(err)
		}
		caller, err := network.DialContext(t.Context(), "tcp", "caller")
		if err != nil {
			t.Fatal(err)
		}
		callee, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		test(t, m, caller, callee)
		caller.Close()
		callee.Close()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// crossing is how long text takes from one end to the other.
func crossing(t *testing.T, from, to net.Conn, text string) time.Duration {
	t.Helper()
	start := time.Now()
	go func() { _, _ = io.WriteString(from, text) }()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v; want %q", got, err, text)
	}
	return time.Since(start)
}

func applyTo(t *testing.T, m *Mesh, id string, primitives ...faults.Primitive) {
	t.Helper()
	for i := range primitives {
		primitives[i].Edge = "a:b"
	}
	if err := m.Apply(t.Context(), id, primitives); err != nil {
		t.Fatal(err)
	}
}

func liftFrom(t *testing.T, m *Mesh, id string) faults.Receipt {
	t.Helper()
	r, err := m.Lift(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
