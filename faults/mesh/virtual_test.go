package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
)

const ms = time.Millisecond

// TestExactTimes holds every toxic to its size in virtual time, where it has no tolerance: how long
// text takes over an open connection with the toxic on, and again when it has been changed and when it is off.
func TestExactTimes(t *testing.T) {
	kilobyte := strings.Repeat("x", 1000)
	cases := []struct {
		name             string
		first, second    faults.Attributes
		text             string
		onFirst, changed time.Duration
	}{
		{"latency", faults.LatencyToxic{Latency: 200}, faults.LatencyToxic{Latency: 50.5}, "x", 200 * ms, 50*ms + 500*time.Microsecond},
		{"latency of a fraction of a ms", faults.LatencyToxic{Latency: 0.25}, faults.LatencyToxic{Latency: 0}, "x", 250 * time.Microsecond, 0},
		{"bandwidth", faults.BandwidthToxic{Rate: 1}, faults.BandwidthToxic{Rate: 0.5}, kilobyte, time.Second, 2 * time.Second},
		{"bandwidth over many slices", faults.BandwidthToxic{Rate: 0.1}, faults.BandwidthToxic{Rate: 1000}, kilobyte, 10 * time.Second, ms},
		{"slicer", faults.SlicerToxic{AverageSize: 100, Delay: 1000}, faults.SlicerToxic{AverageSize: 500, Delay: 2000}, kilobyte, 15 * ms, 2 * ms},
	}
	for _, c := range cases {
		for _, stream := range []string{faults.Upstream, faults.Downstream} {
			t.Run(c.name+" "+stream, func(t *testing.T) {
				bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
					from, to := caller, callee
					if stream == faults.Downstream {
						from, to = callee, caller
					}
					measure := func(what string, want time.Duration) {
						t.Helper()
						if got := crossing(t, from, to, c.text); got != want {
							t.Errorf("%s: took %s, want %s", what, got, want)
						}
						time.Sleep(time.Minute) // whatever pauses it still makes are over
					}
					measure("before", 0)
					added, err := m.AddToxic("a:b", faults.Toxic{Stream: stream, Toxicity: 1, Attributes: c.first})
					if err != nil {
						t.Fatal(err)
					}
					measure("on", c.onFirst)
					measure("on again", c.onFirst)
					if got := crossing(t, to, from, "y"); got != 0 {
						t.Errorf("the other way took %s", got)
					}
					if _, err := m.UpdateToxic("a:b", added.Name, become(c.second)); err != nil {
						t.Fatal(err)
					}
					measure("changed", c.changed)
					if err := m.RemoveToxic("a:b", added.Name); err != nil {
						t.Fatal(err)
					}
					measure("removed", 0)
				})
			})
		}
	}
}

func TestLatenciesAddUpAndTheBaseIsUnderThem(t *testing.T) {
	bubble(t, Edge{Latency: 7 * ms}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		if got := crossing(t, caller, callee, "x"); got != 7*ms {
			t.Errorf("the base takes %s", got)
		}
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 50}), toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 70}))
		if got := crossing(t, caller, callee, "x"); got != 127*ms {
			t.Errorf("7 + 50 + 70 ms take %s", got)
		}
		if p, err := m.Proxy("a:b"); err != nil || len(p.Toxics) != 2 || p.Toxics[0].Name == p.Toxics[1].Name {
			t.Errorf("toxics are %+v, %v; want the two with names of their own", p.Toxics, err)
		}
		got := liftFrom(t, m, "f")
		if diff := cmp.Diff(faults.Receipt{Connections: 1, Requests: 1, Bytes: 2, DelayMs: 60, Delays: 2, FullDelayMs: 60, Crossed: 1, CrossedConnections: 1}, got); diff != "" {
			t.Errorf("receipt (-want +got):\n%s", diff)
		}
		if got := crossing(t, callee, caller, "x"); got != 7*ms {
			t.Errorf("the way back takes %s", got)
		}
	})
}

func TestRemovalDeliversAtOnceWhatIsHeldInOrder(t *testing.T) {
	for _, kind := range []faults.Primitive{
		toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 3600_000}),
		toxicOn(faults.Upstream, faults.BandwidthToxic{Rate: 0.001}),
		toxicOn(faults.Upstream, faults.SlicerToxic{AverageSize: 1, Delay: 3600_000_000}),
		outageOf(faults.EdgeOutage{Open: faults.OpenKeep}),
	} {
		name := "keep"
		if kind.Toxic != nil {
			name = kind.Toxic.Type()
		}
		t.Run(name, func(t *testing.T) {
			bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
				applyTo(t, m, "f", kind)
				for _, text := range []string{"one ", "two ", "three"} {
					if _, err := io.WriteString(caller, text); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second)
				start := time.Now()
				liftFrom(t, m, "f")
				got := make([]byte, len("one two three"))
				if _, err := io.ReadFull(callee, got); err != nil || string(got) != "one two three" {
					t.Errorf("read %q, %v", got, err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("delivery took %s", took)
				}
			})
		})
	}
}

func TestEndOfFileIsDelayedAsDataIs(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 500}))
		start := time.Now()
		caller.Close()
		if _, err := callee.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v, want EOF", err)
		}
		if took := time.Since(start); took != 500*ms {
			t.Errorf("the end took %s, want 500ms", took)
		}
	})
}

func TestSlowCloseDelaysOnlyTheEnd(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.SlowCloseToxic{Delay: 300}))
		if took := crossing(t, caller, callee, "data"); took != 0 {
			t.Errorf("data took %s", took)
		}
		start := time.Now()
		caller.Close()
		if _, err := callee.Read(make([]byte, 1)); err != io.EOF || time.Since(start) != 300*ms {
			t.Errorf("read %v after %s, want EOF after 300ms", err, time.Since(start))
		}
		if r := liftFrom(t, m, "f"); !r.Met() {
			t.Errorf("receipt %+v, an end met it", r)
		}
	})
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.SlowCloseToxic{Delay: 300}))
		crossing(t, caller, callee, "data")
		if r := liftFrom(t, m, "f"); r.Met() {
			t.Errorf("receipt %+v, but nothing ended that it could delay", r)
		}
	})
}

func TestRemovingSlowCloseDeliversTheEnd(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.SlowCloseToxic{Delay: 3600_000}))
		caller.Close()
		time.Sleep(time.Second)
		start := time.Now()
		liftFrom(t, m, "f")
		if _, err := callee.Read(make([]byte, 1)); err != io.EOF || time.Since(start) != 0 {
			t.Errorf("read %v after %s, want EOF at once", err, time.Since(start))
		}
	})
}

// TestTimeoutCountsFromTheFirstByteItSwallows: toxiproxy's is an idle timer, which a client that writes keeps alive.
func TestTimeoutCountsFromTheFirstByteItSwallows(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.TimeoutToxic{Timeout: 300}))
		start := time.Now()
		stop := make(chan struct{})
		go func() {
			for range 30 {
				if _, err := io.WriteString(caller, "x"); err != nil {
					break
				}
				time.Sleep(100 * ms)
			}
			close(stop)
		}()
		if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v, want EOF", err)
		}
		if took := time.Since(start); took != 300*ms {
			t.Errorf("closed after %s, want 300ms", took)
		}
		<-stop
		if r := liftFrom(t, m, "f"); r.Closed != 1 || r.Lost < 3 || r.Connections != 1 {
			t.Errorf("receipt %+v", r)
		}
	})
}

func TestResetPeerWaitsItsTimeAndCanBeTakenOffBefore(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "off", toxicOn(faults.Downstream, faults.ResetPeerToxic{Timeout: 1000}))
		time.Sleep(999 * ms)
		liftFrom(t, m, "off")
		time.Sleep(time.Second)
		if took := crossing(t, caller, callee, "alive"); took != 0 {
			t.Errorf("took %s", took)
		}
		applyTo(t, m, "on", toxicOn(faults.Downstream, faults.ResetPeerToxic{Timeout: 1000}))
		start := time.Now()
		if _, err := caller.Read(make([]byte, 1)); err != io.EOF || time.Since(start) != time.Second {
			t.Errorf("ended with %v after %s, want after 1s", err, time.Since(start))
		}
	})
}

func TestLimitDataCutsAfterItsBytes(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Downstream, faults.LimitDataToxic{Bytes: 5}))
		go func() { _, _ = io.WriteString(callee, "1234567") }()
		got, err := io.ReadAll(caller)
		if string(got) != "12345" || err != nil {
			t.Errorf("read %q, %v; want 5 bytes and the end", got, err)
		}
	})
}

func TestLatencyBoundsWhatItHolds(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 3600_000}))
		sent := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				n, err := caller.Write(make([]byte, 64<<10))
				sent += n
				if err != nil {
					return
				}
			}
		}()
		synctest.Wait()                               // the writer is held up
		const least, most = 4 << 20, 4<<20 + 2*16<<10 // a path's bytes and two buffers
		if sent > most || sent < least {
			t.Errorf("took %d bytes before back-pressure, want %d to %d", sent, least, most)
		}
		caller.Close()
		<-done
	})
}

func TestFreezeAndSlowInVirtualTime(t *testing.T) {
	for _, c := range []struct {
		name   string
		outage faults.EdgeOutage
		want   time.Duration
	}{
		{"slow", faults.EdgeOutage{New: faults.NewSlow, Delay: 2 * time.Second}, 2 * time.Second},
		{"slow, lifted before", faults.EdgeOutage{New: faults.NewSlow, Delay: time.Hour}, 5 * time.Second},
		{"freeze", faults.EdgeOutage{New: faults.NewFreeze}, 5 * time.Second},
		{"hang without a port", faults.EdgeOutage{New: faults.NewHang}, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := newMemory()
				m := New(Options{Network: network})
				defer m.Close()
				listener, _ := network.Listen(t.Context(), "tcp", "callee")
				if _, err := m.Open(t.Context(), []Edge{{Name: "a:b", Listen: "caller", Upstream: "callee"}}); err != nil {
					t.Fatal(err)
				}
				applyTo(t, m, "f", outageOf(c.outage))
				start := time.Now()
				caller, err := network.DialContext(t.Context(), "tcp", "caller")
				if err != nil {
					t.Fatal(err)
				}
				defer caller.Close()
				time.AfterFunc(5*time.Second, func() { liftFrom(t, m, "f") })
				callee, err := listener.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer callee.Close()
				if got := time.Since(start); got != c.want {
					t.Errorf("reached the callee after %s, want %s", got, c.want)
				}
				time.Sleep(10 * time.Second)
			})
		})
	}
}

// TestHeldDataFollowsAChange: what is under way when a toxic changes gets its new size, counted from
// when it came.
func TestHeldDataFollowsAChange(t *testing.T) {
	for _, c := range []struct {
		first, second faults.Attributes
		want          time.Duration
	}{
		{faults.LatencyToxic{Latency: 3600_000}, faults.LatencyToxic{Latency: 5000}, 5 * time.Second},
		{faults.LatencyToxic{Latency: 3600_000}, faults.LatencyToxic{Latency: 10}, time.Second}, // due already
		{faults.BandwidthToxic{Rate: 0.1}, faults.BandwidthToxic{Rate: 1}, 1900 * ms},           // 100 B in 1 s, 900 B in 0.9 s
		{faults.BandwidthToxic{Rate: 0}, faults.BandwidthToxic{Rate: 1}, 2 * time.Second},
		{faults.SlowCloseToxic{Delay: 3600_000}, faults.SlowCloseToxic{Delay: 0}, 0},
	} {
		t.Run(fmt.Sprint(c.second.Type(), c.second), func(t *testing.T) {
			bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
				if _, err := m.AddToxic("a:b", faults.Toxic{Name: "f", Stream: faults.Upstream, Toxicity: 1, Attributes: c.first}); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() {
					if _, err := m.UpdateToxic("a:b", "f", become(c.second)); err != nil {
						t.Error(err)
					}
				})
				if got := crossing(t, caller, callee, strings.Repeat("x", 1000)); got != c.want {
					t.Errorf("took %s, want %s", got, c.want)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestApplyThatFailsLeavesNothing(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		latency := toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 1000})
		latency.Edge = "a:b"
		missing := latency
		missing.Edge = "a:c"
		if err := m.Apply(t.Context(), "f", []faults.Primitive{latency, missing}); !errors.Is(err, ErrNotFound) {
			t.Errorf("applied to a missing edge: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := m.Apply(gone, "f", []faults.Primitive{latency}); !errors.Is(err, context.Canceled) {
			t.Errorf("applied with a context that is done: %v", err)
		}
		if err := m.Apply(t.Context(), "f", []faults.Primitive{{Op: faults.OpKill, Edge: "a:b"}}); err == nil {
			t.Error("an edge was killed")
		}
		if took := crossing(t, caller, callee, "x"); took != 0 {
			t.Errorf("took %s, want nothing on", took)
		}
		applyTo(t, m, "f", latency)
		if err := m.Apply(t.Context(), "f", []faults.Primitive{latency}); !errors.Is(err, ErrExists) {
			t.Errorf("applied twice: %v", err)
		}
		first := liftFrom(t, m, "f")
		if again := liftFrom(t, m, "f"); !cmp.Equal(again, first) {
			t.Errorf("lifted again: %+v, want %+v", again, first)
		}
		applyTo(t, m, "f", latency)
		if took := crossing(t, caller, callee, "x"); took != time.Second {
			t.Errorf("took %s, want 1s", took)
		}
	})
}
