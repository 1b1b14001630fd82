package mesh

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// benchEdge is a mesh with one edge, and the address of the callee behind it.
func benchEdge(b *testing.B, serve func(*net.TCPConn)) (m *Mesh, direct, edge string) {
	b.Helper()
	c := newCallee(b, serve)
	m = New(Options{})
	b.Cleanup(func() { m.Close() })
	opened, err := m.Open(b.Context(), []Edge{{Name: "a:b", Listen: "127.0.0.1:0", Upstream: c.address()}})
	if err != nil {
		b.Fatal(err)
	}
	return m, c.address(), opened[0].Listen
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkEdge is what an edge without a fault costs: small round trips, and bulk. CPU is of both ends and the edge.
func BenchmarkEdge(b *testing.B) {
	for _, size := range []int{1, 4 << 10, 256 << 10} {
		for _, way := range []string{"direct", "edge"} {
			b.Run(fmt.Sprintf("echo %d B %s", size, way), func(b *testing.B) { benchEcho(b, size, way) })
		}
	}
	for _, way := range []string{"direct", "edge"} {
		b.Run("bulk "+way, func(b *testing.B) { benchBulk(b, way) })
	}
}

func benchEcho(b *testing.B, size int, way string) {
	_, address, edge := benchEdge(b, echo)
	if way == "edge" {
		address = edge
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	out, in := make([]byte, size), make([]byte, size)
	var sending sync.WaitGroup
	start := cpu()
	for b.Loop() {
		sending.Go(func() { _, _ = c.Write(out) })
		if _, err := io.ReadFull(c, in); err != nil {
			b.Fatal(err)
		}
		sending.Wait()
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

func benchBulk(b *testing.B, way string) {
	const size = 64 << 20
	_, address, edge := benchEdge(b, func(c *net.TCPConn) {
		chunk := make([]byte, 64<<10)
		for range size / len(chunk) {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	})
	if way == "edge" {
		address = edge
	}
	b.SetBytes(size)
	start := cpu()
	for b.Loop() {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(struct{ io.Writer }{io.Discard}, c)
		c.Close()
		if n != size || err != nil {
			b.Fatalf("read %d of %d bytes, %v", n, size, err)
		}
	}
	b.ReportMetric(float64((cpu()-start).Milliseconds())/float64(b.N)/float64(size)*float64(1<<30), "cpu-ms/GB")
}

// BenchmarkChangeOfFaults is how long it takes to put a latency on 500 open connections and off again.
func BenchmarkChangeOfFaults(b *testing.B) {
	m, _, address := benchEdge(b, echo)
	const connections = 500
	for range connections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "x"); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
	}
	var on, off []time.Duration
	for n := 0; b.Loop(); n++ {
		id := fmt.Sprint(n)
		p := toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 100})
		p.Edge = "a:b"
		start := time.Now()
		if err := m.Apply(b.Context(), id, []faults.Primitive{p}); err != nil {
			b.Fatal(err)
		}
		on = append(on, time.Since(start))
		start = time.Now()
		if _, err := m.Lift(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		off = append(off, time.Since(start))
	}
	slices.Sort(on)
	slices.Sort(off)
	for name, v := range map[string][]time.Duration{"on": on, "off": off} {
		b.ReportMetric(float64(v[len(v)/2].Microseconds()), name+"-p50-µs")
		b.ReportMetric(float64(v[len(v)-1].Microseconds()), name+"-max-µs")
	}
}
