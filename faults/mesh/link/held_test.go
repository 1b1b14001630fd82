package link

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/meshtest"
)

// tcpPair is both ends of a connection.
func tcpPair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	meshtest.Check(t, err)
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	meshtest.Check(t, err)
	accepted, err := l.Accept()
	meshtest.Check(t, err)
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return dialled, accepted
}

// TestHeldMemoryGoesWithTheConnection: a latency holds what is under way and no more, and nothing when the connection has ended.
func TestHeldMemoryGoesWithTheConnection(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	caller, accepted := tcpPair(t)
	callee, dialled := tcpPair(t)
	toxic, err := NewToxic(faults.Toxic{Stream: faults.Downstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 60_000}})
	meshtest.Check(t, err)
	l := New(&Host{Dial: func(context.Context, int64) (net.Conn, error) { return dialled, nil }}, 1, accepted)
	l.Reconcile(nil, []*Toxic{toxic}, time.Now(), 0)
	ended, flooded := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); l.Run(nil) }()
	go func() {
		defer close(flooded)
		for _, err := callee.Write(make([]byte, 64<<10)); err == nil; {
			_, err = callee.Write(make([]byte, 64<<10))
		}
	}()
	caller.Close() // with bytes that nobody will read
	held := func() (bytes int) {
		l.down.mu.Lock()
		defer l.down.mu.Unlock()
		for _, s := range l.down.stages {
			bytes += s.stage.(*latency).queue.bytes
		}
		return bytes
	}
	for deadline := time.Now().Add(meshtest.Patience); held() < pathBytes; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("holds %d bytes, want %d", held(), pathBytes)
		}
	}
	if got := held(); got > pathBytes+2*bottleneckBytes {
		t.Errorf("holds %d bytes, want %d or so", got, pathBytes)
	}
	l.Close()
	<-ended
	if got := held(); got > 0 {
		t.Errorf("an ended connection holds %d bytes", got)
	}
	callee.Close()
	<-flooded
}
