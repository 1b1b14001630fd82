package mesh

import (
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/faults"
)

// trickle sends a byte of a request each step for a time, and what comes out at the other end is thrown away.
func trickle(t *testing.T, from, to net.Conn, step, long time.Duration) {
	t.Helper()
	go func() { _, _ = io.Copy(io.Discard, to) }()
	for range int(long / step) {
		if _, err := from.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(step)
	}
}

// TestLatencyReceiptIsWhatItHeld: a latency that is lifted before its time has held its data for less than it drew.
func TestLatencyReceiptIsWhatItHeld(t *testing.T) {
	t.Run("in memory", func(t *testing.T) {
		bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
			applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 5000}))
			trickle(t, caller, callee, 100*ms, 3*time.Second)
			r := liftFrom(t, m, "f")
			// Held for 3.0, 2.9 ... 0.1 s.
			if r.Delays != 30 || r.CutShort != 30 || math.Abs(r.DelayMs-1550) > 1 || r.FullDelayMs != 0 {
				t.Errorf("receipt %+v, want 30 pieces that were held for 1550 ms on average and all let go early", r)
			}
		})
	})
	t.Run("on sockets", func(t *testing.T) {
		w := newWorld(t, nil)
		caller, callee := w.pair()
		w.apply("f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 60_000}))
		start := time.Now()
		trickle(t, caller, callee, 10*ms, 300*ms)
		r := w.lift("f")
		took := float64(time.Since(start)) / float64(ms)
		if r.Delays == 0 || r.CutShort != r.Delays || r.DelayMs < took/4 || r.DelayMs > took {
			t.Errorf("receipt %+v, want pieces that were held for about a half of %.0f ms and all let go early", r, took)
		}
	})
}

// TestLatencyReceiptTellsFullHoldsFromThoseCutShort: what a promise is held against are those that stayed for their whole time.
func TestLatencyReceiptTellsFullHoldsFromThoseCutShort(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 1000}))
		trickle(t, caller, callee, 100*ms, 10*time.Second)
		r := liftFrom(t, m, "f")
		if r.Delays != 100 || r.CutShort != 9 || r.FullDelayMs != 1000 || r.DelayMs >= 1000 {
			t.Errorf("receipt %+v, want 91 of 100 pieces held for 1000 ms and 9 let go early", r)
		}
	})
}

// TestRequestsThatAFaultCutMetIt: a connection that is cut while its request has no answer cuts that one request; an idle one, none.
func TestRequestsThatAFaultCutMetIt(t *testing.T) {
	for name, fault := range map[string]faults.Primitive{
		"reset":      outageOf(faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}),
		"close":      outageOf(faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenClose}),
		"reset_peer": toxicOn(faults.Downstream, faults.ResetPeerToxic{}),
	} {
		for asked, want := range map[bool]int64{true: 1, false: 0} {
			t.Run(name+map[bool]string{true: ", under way", false: ", idle"}[asked], func(t *testing.T) {
				bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
					if asked {
						trickle(t, caller, callee, 10*ms, 10*ms)
					}
					applyTo(t, m, "f", fault)
					time.Sleep(time.Second)
					r := liftFrom(t, m, "f")
					if r.Requests != want || r.Crossed != want || r.Connections != 1 {
						t.Errorf("receipt %+v, want 1 connection and %d requests of as many that crossed", r, want)
					}
				})
			})
		}
	}
}

// TestRequestsThatAFaultCutAfterALossMetIt: what was lost was no part of the request, and the connection is ended with that under way.
func TestRequestsThatAFaultCutAfterALossMetIt(t *testing.T) {
	lost := toxicOn(faults.Downstream, faults.TimeoutToxic{Timeout: 300})
	for name, c := range map[string]struct {
		fault faults.Primitive
		after time.Duration // it is lifted
	}{
		"timeout":                 {lost, time.Second},
		"timeout, lifted before":  {lost, 200 * ms},
		"bytes lost, then lifted": {outageOf(faults.EdgeOutage{Open: faults.OpenLose, Direction: faults.Down}), 200 * ms},
	} {
		for asked, want := range map[bool]int64{true: 1, false: 0} {
			t.Run(name+map[bool]string{true: ", under way", false: ", idle"}[asked], func(t *testing.T) {
				bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
					applyTo(t, m, "f", c.fault)
					trickle(t, callee, caller, 10*ms, 10*ms) // a greeting
					if asked {
						trickle(t, caller, callee, 10*ms, 10*ms)
					}
					time.Sleep(c.after)
					if r := liftFrom(t, m, "f"); r.Requests != want || r.Closed+r.Reset != 1 || r.Lost != 1 {
						t.Errorf("receipt %+v, want a byte lost, the connection ended and %d requests", r, want)
					}
				})
			})
		}
	}
}

// TestReceiptOfPiecesThatNobodyGot: what a connection takes with it when it ends was not delayed.
func TestReceiptOfPiecesThatNobodyGot(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 3600_000}))
		trickle(t, caller, callee, 100*ms, time.Second)
		applyTo(t, m, "cut", outageOf(faults.EdgeOutage{Open: faults.OpenReset}))
		time.Sleep(time.Second)
		if r := liftFrom(t, m, "f"); r.Delays != 0 || r.DelayMs != 0 || r.Bytes != 10 {
			t.Errorf("receipt %+v, want 10 bytes that met it and no delay", r)
		}
	})
}

// TestReceiptsOfOtherDelays: a slow accept and a slow close are held against what they did, too.
func TestReceiptsOfOtherDelays(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "close", toxicOn(faults.Upstream, faults.SlowCloseToxic{Delay: 2000}))
		caller.Close()
		_, _ = io.Copy(io.Discard, callee)
		time.Sleep(time.Second)
		if r := liftFrom(t, m, "close"); r.Delays != 1 || r.FullDelayMs != 2000 {
			t.Errorf("slow close: %+v, want one end held for 2000 ms", r)
		}
	})
	for name, lifted := range map[string]bool{"slow accept": false, "slow accept lifted early": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Edge{}, func(t *testing.T, m *Mesh, _, _ net.Conn) {
				applyTo(t, m, "f", outageOf(faults.EdgeOutage{New: faults.NewSlow, Delay: 3 * time.Second}))
				c, err := m.network.DialContext(t.Context(), "tcp", "caller")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				time.Sleep(time.Second)
				if !lifted {
					time.Sleep(3 * time.Second)
				}
				r := liftFrom(t, m, "f") // it is whole at once
				if lifted && (r.CutShort != 1 || r.DelayMs != 1000) || !lifted && (r.CutShort != 0 || r.FullDelayMs != 3000) {
					t.Errorf("receipt %+v", r)
				}
			})
		})
	}
}

// TestCoverageIsOfWhatCrossed: requests after a hand has taken a toxic off cross the edge and do not meet it.
func TestCoverageIsOfWhatCrossed(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		trip := func(n int) {
			for range n {
				crossing(t, caller, callee, "?")
				crossing(t, callee, caller, "!")
			}
		}
		trip(5)
		applyTo(t, m, "f", toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 10}))
		trip(32)
		if err := m.Reset(); err != nil {
			t.Fatal(err)
		}
		trip(168)
		r := liftFrom(t, m, "f")
		if share, known := r.Coverage(); r.Requests != 32 || r.Crossed != 200 || share != 0.16 || !known {
			t.Errorf("receipt %+v covers %g, want 32 of 200 requests", r, share)
		}
	})
}

// TestARequestUnderWayCrosses: a request that waits for its answer when the fault begins crosses under it.
func TestARequestUnderWayCrosses(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		crossing(t, caller, callee, "?")
		applyTo(t, m, "f", toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 10}))
		crossing(t, callee, caller, "!")
		if r := liftFrom(t, m, "f"); r.Requests != 1 || r.Crossed != 1 || r.CrossedConnections != 1 {
			t.Errorf("receipt %+v, want one request that crossed and met it", r)
		}
	})
}

// TestWhatIsLetGoTogetherGoesInTurn: what a lifted fault held is delivered, and counted, when the turn of its way has come, and not while whoever
// lifted it goes on: a reading of that instant has none of it.
func TestWhatIsLetGoTogetherGoesInTurn(t *testing.T) {
	for name, fault := range map[string]faults.Primitive{
		"a toxic":   toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 60_000}),
		"an outage": outageOf(faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenKeep}),
	} {
		t.Run(name, func(t *testing.T) {
			type turn struct {
				edge string
				nth  int
			}
			var mu sync.Mutex
			var turns []turn
			waits := func(edge string, nth int) {
				mu.Lock()
				turns = append(turns, turn{edge, nth})
				mu.Unlock()
				time.Sleep(time.Duration(nth))
			}
			taken := func() (out []turn) {
				mu.Lock()
				defer mu.Unlock()
				out, turns = turns, nil
				return out
			}
			bubbleOf(t, Options{Seed: 1, Turn: waits}, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
				answered := func() int64 { return m.edges["a:b"].stats().FirstBytes }
				crossing(t, caller, callee, "?")
				if early := taken(); early != nil {
					t.Errorf("turns %v before there was a fault", early)
				}
				applyTo(t, m, "f", fault)
				go func() { _, _ = io.WriteString(callee, "!") }()
				time.Sleep(time.Second)
				taken()
				liftFrom(t, m, "f")
				synctest.Wait()
				if in := taken(); answered() != 0 || !slices.Contains(in, turn{"a:b", 2}) {
					t.Errorf("%d answers at the instant of the lift, turns %v; want none, and the second way in turn", answered(), in)
				}
				if _, err := io.ReadFull(caller, make([]byte, 1)); err != nil || answered() != 1 {
					t.Errorf("after its turn: %d answers, %v", answered(), err)
				}
			})
		})
	}
}
