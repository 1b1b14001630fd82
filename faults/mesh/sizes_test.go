package mesh

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// ends are an open connection's, the sender first, for a stream.
func ends(stream string, caller, callee *net.TCPConn) (from, to *net.TCPConn) {
	if stream == faults.Upstream {
		return caller, callee
	}
	return callee, caller
}

// measured tries a measurement up to five times, since others use this machine too; what must never
// happen it reports itself.
func measured(t *testing.T, what string, measure func() (got, low, high float64)) {
	t.Helper()
	var seen []string
	for range 5 {
		got, low, high := measure()
		if got >= low && got <= high {
			return
		}
		seen = append(seen, fmt.Sprintf("%.2f, want %.2f to %.2f", got, low, high))
	}
	t.Errorf("%s: %v", what, seen)
}

// lateness sleeps beside a measurement and returns by how many ms the latest of its sleeps came back too late:
// on a quiet machine a fraction, and what a measurement has to be forgiven on a busy one.
func lateness() (stop func() float64) {
	quit, worst := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		for {
			start := time.Now()
			select {
			case <-quit:
				worst <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
			most = max(most, float64(time.Since(start))/float64(time.Millisecond)-10)
		}
	}()
	return func() float64 {
		close(quit)
		return <-worst
	}
}

// delays are n measured crossings in ms, none of which may be shorter than least.
func (w *world) delays(n int, from, to net.Conn, least time.Duration) []float64 {
	w.Helper()
	out := make([]float64, 0, n)
	for range n {
		start := time.Now()
		w.pass(from, to, "x")
		took := time.Since(start)
		if took < least {
			w.Errorf("a byte took %s, want at least %s", took, least)
		}
		out = append(out, float64(took)/float64(time.Millisecond))
	}
	slices.Sort(out)
	return out
}

func TestLatencyHasItsSizeOnOpenConnections(t *testing.T) {
	for _, stream := range []string{faults.Upstream, faults.Downstream} {
		t.Run(stream, func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			from, to := ends(stream, caller, callee)
			w.pass(from, to, "open before")
			added, err := w.mesh.AddToxic("a:b", faults.Toxic{Stream: stream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 200}})
			if err != nil {
				t.Fatal(err)
			}
			measured(t, "median of 200 ms", func() (float64, float64, float64) {
				late := lateness()
				d := w.delays(5, from, to, 200*time.Millisecond)
				return d[2], 200, 201 + 2*late()
			})
			if _, err := w.mesh.UpdateToxic("a:b", added.Name, become(faults.LatencyToxic{Latency: 50.5})); err != nil {
				t.Fatal(err)
			}
			measured(t, "median of 50.5 ms", func() (float64, float64, float64) {
				late := lateness()
				d := w.delays(5, from, to, 50500*time.Microsecond)
				return d[2], 50.5, 51.5 + 2*late()
			})
			if _, err := w.mesh.UpdateToxic("a:b", added.Name, become(faults.LatencyToxic{Latency: 30, Jitter: 20})); err != nil {
				t.Fatal(err)
			}
			measured(t, "median of 30 ± 20 ms", func() (float64, float64, float64) {
				late := lateness()
				d := w.delays(21, from, to, 10*time.Millisecond)
				return d[10], 15, 48 + 2*late()
			})
			if err := w.mesh.RemoveToxic("a:b", added.Name); err != nil {
				t.Fatal(err)
			}
			measured(t, "median without", func() (float64, float64, float64) {
				late := lateness()
				d := w.delays(5, from, to, 0)
				return d[2], 0, 4 + 2*late()
			})
		})
	}
}

// TestLatencyBelowAMillisecond is where the runtime's timers would make all the same.
func TestLatencyBelowAMillisecond(t *testing.T) {
	w := newWorld(t, echo)
	if w.mesh.clock == nil {
		t.Skip("this system has no clock for it")
	}
	c := w.dial()
	w.pass(c, c, "open before")
	w.apply("f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 0.25}))
	measured(t, "median of 0.25 ms and the way", func() (float64, float64, float64) {
		d := w.delays(101, c, c, 250*time.Microsecond)
		return d[50], 0.25, 0.9 // an idle runtime's timer makes it 1.1
	})
}

func TestBandwidthHasItsSizeOnOpenConnections(t *testing.T) {
	for _, stream := range []string{faults.Upstream, faults.Downstream} {
		t.Run(stream, func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			from, to := ends(stream, caller, callee)
			w.pass(from, to, "open before")
			added, err := w.mesh.AddToxic("a:b", faults.Toxic{Stream: stream, Toxicity: 1, Attributes: faults.BandwidthToxic{Rate: 1000}})
			if err != nil {
				t.Fatal(err)
			}
			rate := func(bytes int64) float64 {
				var sending sync.WaitGroup
				sending.Go(func() { _, _ = from.Write(make([]byte, bytes)) })
				start := time.Now()
				if _, err := io.CopyN(io.Discard, to, bytes); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start).Seconds()
				sending.Wait()
				return float64(bytes) / took / 1e6
			}
			measured(t, "MB/s at 1 MB/s", func() (float64, float64, float64) {
				late := lateness()
				got := rate(700_000)
				if late() > 5 { // too busy for more than: never faster, and not stuck
					return got, 0.3, 1.05
				}
				return got, 0.95, 1.05
			})
			if _, err := w.mesh.UpdateToxic("a:b", added.Name, become(faults.BandwidthToxic{Rate: 20_000})); err != nil {
				t.Fatal(err)
			}
			measured(t, "MB/s at 20 MB/s", func() (float64, float64, float64) { return rate(10_000_000), 2, 21 })
			if err := w.mesh.RemoveToxic("a:b", added.Name); err != nil {
				t.Fatal(err)
			}
			measured(t, "MB/s without", func() (float64, float64, float64) { return rate(10_000_000), 22, 1e6 })
		})
	}
}

func TestSlicerCutsOpenConnections(t *testing.T) {
	for _, stream := range []string{faults.Upstream, faults.Downstream} {
		t.Run(stream, func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			from, to := ends(stream, caller, callee)
			w.pass(from, to, "open before")
			w.apply("f", toxicOn(stream, faults.SlicerToxic{AverageSize: 100, Delay: 5000}))
			text := string(make([]byte, 1600))
			start := time.Now()
			w.pass(from, to, text)
			if took := time.Since(start); took < 75*time.Millisecond { // 16 pieces, 15 pauses
				t.Errorf("16 pieces took %s, want at least 75ms", took)
			}
			w.lift("f")
			measured(t, "ms without", func() (float64, float64, float64) {
				start := time.Now()
				w.pass(from, to, text)
				return float64(time.Since(start)) / float64(time.Millisecond), 0, 10
			})
		})
	}
}

func TestEndsHaveTheirTimesOnOpenConnections(t *testing.T) {
	for _, c := range []struct {
		toxic faults.Attributes
		saw   string
	}{
		{faults.SlowCloseToxic{Delay: 120}, sawEOF},
		{faults.TimeoutToxic{Timeout: 120}, sawEOF},
		{faults.ResetPeerToxic{Timeout: 120}, sawReset},
	} {
		for _, stream := range []string{faults.Upstream, faults.Downstream} {
			t.Run(c.toxic.Type()+" "+stream, func(t *testing.T) {
				w := newWorld(t, nil)
				caller, callee := w.pair()
				from, to := ends(stream, caller, callee)
				w.pass(from, to, "open before")
				start := time.Now()
				w.apply("f", toxicOn(stream, c.toxic))
				if c.toxic.Type() != "reset_peer" {
					w.write(from, "x")
				}
				if c.toxic.Type() == "slow_close" {
					w.expect(to, "x")
					if err := from.CloseWrite(); err != nil {
						t.Fatal(err)
					}
				}
				_, err := to.Read(make([]byte, 1))
				if took := time.Since(start); sight(err) != c.saw || took < 120*time.Millisecond {
					t.Errorf("saw %s (%v) after %s, want %s after 120ms", sight(err), err, took, c.saw)
				}
			})
		}
	}
}

func TestOverlappingOutagesAreEachUndoneExactly(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	keep := outageOf(faults.EdgeOutage{Open: faults.OpenKeep, New: faults.NewRefuse})
	w.apply("1", keep)
	w.apply("2", outageOf(faults.EdgeOutage{Open: faults.OpenKeep, Direction: faults.Up, New: faults.NewHang}))
	w.write(caller, "kept")
	w.silent(callee, watch)
	if _, err := net.DialTimeout("tcp", w.edge.Listen, watch); sight(err) != sawNothing {
		t.Errorf("dial: %v, want it to hang: the stricter of the two", err)
	}
	w.lift("1")
	w.pass(callee, caller, "down is free")
	w.silent(callee, watch)
	w.apply("3", keep)
	w.lift("2")
	w.silent(callee, watch)
	if _, err := net.DialTimeout("tcp", w.edge.Listen, watch); sight(err) != sawRefused {
		t.Errorf("dial: %v, want it refused again", err)
	}
	w.lift("3")
	w.expect(callee, "kept")
	w.dial()
	if again, err := w.mesh.Lift(t.Context(), "3"); err != nil || again.Refused < 1 {
		t.Errorf("lifted again: %+v, %v", again, err)
	}
	if r := w.lift("never applied"); r.Met() {
		t.Errorf("an unknown id gives %+v", r)
	}
}

func TestAGroupTakesItsEdgesInTurn(t *testing.T) {
	w := newWorld(t, nil)
	var specs []Edge
	for n := range 3 {
		specs = append(specs, Edge{Name: fmt.Sprintf("a:b-%d", n), Upstream: w.callee.address()})
	}
	if _, err := w.mesh.Open(t.Context(), specs); err != nil {
		t.Fatal(err)
	}
	address, err := w.mesh.OpenGroup(t.Context(), Group{Listen: "127.0.0.1:0", Edges: []string{"a:b-0", "a:b-1", "a:b-2"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		w.pass(c, w.accept(), "x")
	}
	all, err := w.mesh.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, s := range all[1:] {
		got = append(got, s.Connections)
	}
	if !slices.Equal(got, []int64{3, 2, 2}) {
		t.Errorf("connections per edge %v, want 3, 2, 2", got)
	}
}

func TestSetUpstreamMovesNewConnectionsOnly(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	second := newCallee(t, echo)
	if err := w.mesh.SetUpstream(t.Context(), "a:b", second.address()); err != nil {
		t.Fatal(err)
	}
	w.pass(caller, callee, "stays")
	c := w.dial()
	w.pass(c, c, "moved")
}

func TestOpenLeavesNothingWhenOneEdgeFails(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.mesh.Open(t.Context(), []Edge{
		{Name: "new", Listen: "127.0.0.1:0", Upstream: w.callee.address()},
		{Name: "taken", Listen: w.callee.address(), Upstream: w.callee.address()},
	})
	if err == nil {
		t.Fatal("opened on a port that is taken")
	}
	if _, err := w.mesh.Proxy("new"); err == nil {
		t.Error("the first edge is left")
	}
}
