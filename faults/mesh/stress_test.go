package mesh

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// harmless are faults that delay and cut up, but neither lose a byte nor end a connection.
func harmless() []faults.Primitive {
	half := toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 3, Jitter: 3})
	half.Toxic.Toxicity, half.Toxic.Per = 0.5, faults.PerRequest
	return []faults.Primitive{
		half,
		toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 2, Jitter: 2, Shape: "pareto"}),
		toxicOn(faults.Upstream, faults.BandwidthToxic{Rate: 20_000}),
		toxicOn(faults.Downstream, faults.BandwidthToxic{Rate: 20_000}),
		toxicOn(faults.Upstream, faults.SlicerToxic{AverageSize: 700, SizeVariation: 300, Delay: 10}),
		toxicOn(faults.Downstream, faults.SlicerToxic{AverageSize: 700, SizeVariation: 300}),
		toxicOn(faults.Downstream, faults.SlowCloseToxic{Delay: 1}),
		toxicOn(faults.Upstream, faults.LimitDataToxic{Bytes: 1 << 39}),
		toxicOn(faults.Downstream, faults.TimeoutToxic{}), // spares everything, see below
		outageOf(faults.EdgeOutage{Open: faults.OpenKeep}),
		outageOf(faults.EdgeOutage{Open: faults.OpenKeep, Direction: faults.Up}),
		outageOf(faults.EdgeOutage{New: faults.NewSlow, Delay: time.Millisecond}),
		outageOf(faults.EdgeOutage{New: faults.NewFreeze}),
		outageOf(faults.EdgeOutage{New: faults.NewHang}),
	}
}

// TestDataSurvivesFaultsThatComeAndGo sends a million random bytes each way over several connections
// while faults are put on, changed and taken off by several hands at once: all arrives, in order, once.
func TestDataSurvivesFaultsThatComeAndGo(t *testing.T) {
	t.Run("in pieces", func(t *testing.T) { survive(t, 1_000_000, 30_000, 10*time.Millisecond) })
	t.Run("in bulk, through the kernel", func(t *testing.T) { survive(t, 20_000_000, 1_000_000, 0) })
}

// survive sends size bytes in pieces of at most piece with pauses of at most pause.
func survive(t *testing.T, size, piece int, pause time.Duration) {
	t.Helper()
	w := newWorld(t, nil)
	const connections, hands = 4, 3
	stop := make(chan struct{})
	var carrying, meddling sync.WaitGroup
	for n := range connections {
		caller, callee := w.pair()
		for way, ends := range [][2]io.ReadWriter{{caller, callee}, {callee, caller}} {
			data := make([]byte, size)
			r := rand.NewChaCha8([32]byte{byte(n), byte(way)})
			_, _ = r.Read(data) // it never fails
			pace := rand.New(rand.NewPCG(uint64(n), uint64(way)))
			carrying.Go(func() {
				for rest := data; len(rest) > 0; {
					k := min(len(rest), 1+pace.IntN(piece))
					if _, err := ends[0].Write(rest[:k]); err != nil {
						t.Errorf("write: %v", err)
						return
					}
					rest = rest[k:]
					time.Sleep(time.Duration(pace.Int64N(int64(pause) + 1)))
				}
			})
			carrying.Go(func() {
				got := make([]byte, size)
				if k, err := io.ReadFull(ends[1], got); err != nil || !bytes.Equal(got, data) {
					t.Errorf("connection %d way %d: %d bytes, %v; equal to what was sent: %t", n, way, k, err, bytes.Equal(got, data))
				}
			})
		}
	}
	for hand := range hands {
		choose := rand.New(rand.NewPCG(7, uint64(hand)))
		meddling.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(choose.IntN(4)) * time.Millisecond):
				}
				p := harmless()[choose.IntN(len(harmless()))]
				if p.Toxic != nil && p.Toxic.Type() == "timeout" {
					p.Toxic.Toxicity = 0
				}
				id := fmt.Sprintf("%d/%d", hand, n)
				p.Edge = "a:b"
				if err := w.mesh.Apply(t.Context(), id, []faults.Primitive{p}); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Duration(choose.IntN(10)) * time.Millisecond)
				if p.Toxic != nil && p.Toxic.Type() == "latency" {
					for _, x := range mustProxy(t, w.mesh).Toxics {
						if x.Type() == "latency" { // another hand may have taken it off
							_, _ = w.mesh.UpdateToxic("a:b", x.Name, become(faults.LatencyToxic{Latency: faults.Millis(choose.IntN(5)), Jitter: 2}))
						}
					}
				}
				if _, err := w.mesh.Lift(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	carrying.Wait()
	close(stop)
	meddling.Wait()
	want := int64(size * connections)
	w.eventually("every byte is counted", func() bool {
		s := w.stats()
		return s.BytesUp == want && s.BytesDown == want
	})
}

func mustProxy(t *testing.T, m *Mesh) Proxy {
	p, err := m.Proxy("a:b")
	if err != nil {
		t.Error(err)
	}
	return p
}

// TestNothingIsLeftWhateverHappens opens, uses, aborts and resets connections under all faults at once.
func TestNothingIsLeftWhateverHappens(t *testing.T) {
	w := newWorld(t, echo)
	all := append(harmless()[:11:11],
		toxicOn(faults.Downstream, faults.ResetPeerToxic{Timeout: 5}),
		toxicOn(faults.Upstream, faults.TimeoutToxic{Timeout: 5}),
		toxicOn(faults.Downstream, faults.LimitDataToxic{Bytes: 5000}),
		outageOf(faults.EdgeOutage{New: faults.NewReset, Open: faults.OpenReset}),
		outageOf(faults.EdgeOutage{New: faults.NewClose, Open: faults.OpenClose}),
		outageOf(faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenLose}),
		outageOf(faults.EdgeOutage{New: faults.NewFreeze, Open: faults.OpenKeep}),
	)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			b := make([]byte, 3000)
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := dialShort(w.edge.Listen)
				if err != nil {
					continue
				}
				for range 3 {
					if _, err = c.Write(b); err != nil {
						break
					}
					if _, err = io.ReadFull(c, b); err != nil {
						break
					}
				}
				c.Close()
			}
		})
	}
	for round := range 60 {
		id := fmt.Sprint(round)
		p := all[round%len(all)]
		w.apply(id, p)
		time.Sleep(5 * time.Millisecond)
		w.lift(id)
	}
	close(stop)
	clients.Wait()
	w.eventually("every connection is gone", func() bool { return w.stats().Open == 0 })
	c := w.dial()
	w.pass(c, c, "whole again")
}
