package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/port"
)

// These tests are the measured defects of toxiproxy's embedded proxy, one each: what would be wrong
// there must be right here.

// flood writes until it fails.
func flood(c *net.TCPConn) {
	chunk := make([]byte, 64<<10)
	for {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}

func TestDefectClientsThatGiveUpOnHeldAnswersBlockRemoval(t *testing.T) {
	for _, size := range []int{200, 200 << 10, 2 << 20} {
		t.Run(fmt.Sprintf("answers of %d bytes", size), func(t *testing.T) {
			body := make([]byte, size)
			w := newWorld(t, nil)
			server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(body) })}
			done := make(chan struct{})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer close(done)
				_ = server.Serve(listener)
			}()
			t.Cleanup(func() {
				server.Close()
				<-done
			})
			if err := w.mesh.SetUpstream(t.Context(), "a:b", listener.Addr().String()); err != nil {
				t.Fatal(err)
			}
			w.apply("f", toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 3600_000}))
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			var asking sync.WaitGroup
			for range 20 {
				asking.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
					defer cancel()
					request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.edge.Listen, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if answer, err := client.Do(request); err == nil {
						answer.Body.Close()
						t.Error("an answer came through an hour of latency")
					}
				})
			}
			asking.Wait()
			w.lift("f")
			answer, err := client.Get("http://" + w.edge.Listen)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, answer.Body); n != int64(size) || err != nil {
				t.Errorf("read %d bytes, %v; want %d", n, err, size)
			}
			answer.Body.Close()
			client.CloseIdleConnections()
			w.eventually("the given up connections are gone", func() bool { return w.stats().Open == 0 })
		})
	}
}

func TestDefectStreamsThatClientsGaveUpBlockRemovalAndNewConnections(t *testing.T) {
	w := newWorld(t, flood)
	w.apply("f", toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 3600_000}))
	for range 10 {
		w.dial().Close()
	}
	reading := w.dial()
	w.lift("f")
	if _, err := io.CopyN(io.Discard, reading, 8<<20); err != nil {
		t.Errorf("the open connection: %v", err)
	}
	if _, err := io.CopyN(io.Discard, w.dial(), 8<<20); err != nil {
		t.Errorf("a new connection: %v", err)
	}
	start := time.Now()
	if err := w.mesh.Close(); err != nil {
		t.Error(err)
	}
	w.quick("close", start)
}

func TestDefectOneClientThatStopsReadingDeadlocksTheEdge(t *testing.T) {
	w := newWorld(t, flood)
	stopped := w.dial()
	if _, err := io.ReadFull(stopped, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	w.eventually("everything between is full", func() bool {
		now := w.stats().BytesDown
		full := now == last
		last = now
		time.Sleep(20 * time.Millisecond)
		return full
	})
	for _, kind := range []faults.Primitive{
		toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 10}),
		toxicOn(faults.Downstream, faults.BandwidthToxic{Rate: 100_000}),
		toxicOn(faults.Downstream, faults.SlicerToxic{AverageSize: 10_000}),
		toxicOn(faults.Upstream, faults.LimitDataToxic{Bytes: 1000}),
		toxicOn(faults.Downstream, faults.SlowCloseToxic{Delay: 10}),
		outageOf(faults.EdgeOutage{Open: faults.OpenKeep}),
	} {
		w.apply(kind.String(), kind)
		if _, err := io.CopyN(io.Discard, w.dial(), 10_000); err != nil {
			t.Errorf("%s: a new connection: %v", kind, err)
		}
		w.lift(kind.String())
	}
	if _, err := io.CopyN(io.Discard, stopped, 8<<20); err != nil {
		t.Errorf("the client that reads again: %v", err)
	}
}

func TestDefectAnUpstreamThatNeverAnswersBlocksOthers(t *testing.T) {
	w := newWorld(t, echo)
	dead, err := port.TCP{}.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	if err := dead.(port.Port).Hang(); err != nil {
		t.Fatal(err)
	}
	if err := w.mesh.SetUpstream(t.Context(), "a:b", dead.Addr().String()); err != nil {
		t.Fatal(err)
	}
	waiting := w.dial()
	w.eventually("it is being carried", func() bool { return w.stats().Open == 1 })
	if err := w.mesh.SetUpstream(t.Context(), "a:b", w.callee.address()); err != nil {
		t.Fatal(err)
	}
	other := w.dial()
	w.pass(other, other, "not blocked")
	w.silent(waiting, watch)
	start := time.Now()
	if err := w.mesh.Close(); err != nil {
		t.Error(err)
	}
	w.quick("close", start)
}

func TestDefectConnectionsCutByLimitDataLeakGoroutines(t *testing.T) {
	w := newWorld(t, flood)
	w.apply("f", toxicOn(faults.Downstream, faults.LimitDataToxic{Bytes: 1000}))
	before := runtime.NumGoroutine()
	for range 100 {
		if got, err := io.ReadAll(w.dial()); len(got) != 1000 || err != nil {
			t.Fatalf("read %d bytes, %v; want 1000 and the end", len(got), err)
		}
	}
	w.eventually("all are gone", func() bool { return w.stats().Open == 0 && runtime.NumGoroutine() <= before+2 })
	if r := w.lift("f"); r.Closed != 100 || r.Connections != 100 {
		t.Errorf("receipt %+v", r)
	}
}

func TestDefectLimitDataOfNoBytesClosesOnTheFirst(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.apply("f", toxicOn(faults.Downstream, faults.LimitDataToxic{Bytes: 0}))
	w.silent(caller, watch)
	w.write(callee, "x")
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v, want EOF", err)
	}
}

func TestDefectAbortedClientsLeakGoroutines(t *testing.T) {
	for _, latency := range []faults.Millis{0, 20} {
		t.Run(fmt.Sprintf("latency %g", latency), func(t *testing.T) {
			w := newWorld(t, flood)
			if latency > 0 {
				w.apply("f", toxicOn(faults.Downstream, faults.LatencyToxic{Latency: latency}))
			}
			for range 100 {
				c := w.dial()
				if _, err := io.CopyN(io.Discard, c, 10_000); err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			w.eventually("all are gone", func() bool { return w.stats().Open == 0 })
		})
	}
}

func TestDefectChangesUnderTrafficFail(t *testing.T) {
	w := newWorld(t, echo)
	stop := make(chan struct{})
	var asked atomic.Int64
	var clients sync.WaitGroup
	for range 50 {
		c := w.dial()
		clients.Go(func() {
			b := make([]byte, 100)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := c.Write(b); err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(c, b); err != nil {
					t.Error(err)
					return
				}
				asked.Add(1)
			}
		})
	}
	for n := range 30 {
		id := fmt.Sprint(n)
		w.apply(id, toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 5}))
		if _, err := w.mesh.UpdateToxic("a:b", "latency_downstream", become(faults.LatencyToxic{Latency: 1})); err != nil {
			t.Error(err)
		}
		met := asked.Load()
		w.eventually("requests meet it", func() bool { return asked.Load() > met+50 })
		if r := w.lift(id); r.Connections == 0 || r.Requests == 0 || r.Delays == 0 || r.CutShort < r.Delays && r.FullDelayMs < 1 {
			t.Errorf("receipt %+v", r)
		}
	}
	close(stop)
	clients.Wait()
}

func TestDefectPortIsStolenWhileItRefuses(t *testing.T) {
	w := newWorld(t, echo)
	off, on := false, true
	if _, err := w.mesh.UpdateProxy(t.Context(), "a:b", nil, nil, &off); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", w.edge.Listen); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
	if thief, err := net.Listen("tcp", w.edge.Listen); err == nil {
		thief.Close()
		t.Error("another listener took the port")
	}
	other := New(Options{})
	defer other.Close()
	if _, err := other.Open(t.Context(), []Edge{{Name: "a:b", Listen: w.edge.Listen, Upstream: w.callee.address()}}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another mesh on the same port: %v", err)
	}
	if p, err := w.mesh.UpdateProxy(t.Context(), "a:b", nil, nil, &on); err != nil || !p.Enabled {
		t.Fatalf("enable: %+v, %v", p, err)
	}
	c := w.dial()
	w.pass(c, c, "back")
	if _, err := other.Open(t.Context(), []Edge{{Name: "a:b", Listen: w.edge.Listen, Upstream: w.callee.address()}}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another mesh on the port that serves again: %v", err)
	}
}
