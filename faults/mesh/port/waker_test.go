package port

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// However many moments are asked for, timers ring, none of them early, and Close leaves nothing running (goleak).
func TestWakerKeepsTimers(t *testing.T) {
	w := NewWaker()
	defer w.Close()
	var waiting sync.WaitGroup
	for i := range 500 {
		waiting.Go(func() {
			d := time.Duration(i%50) * 100 * time.Microsecond
			began := time.Now()
			timer := time.NewTimer(d)
			w.At(began.Add(d))
			<-timer.C
			if took := time.Since(began); took < d {
				t.Errorf("a timer of %s rang after %s", d, took)
			}
		})
	}
	waiting.Wait()
}

// How late a timer of 300 µs rings in a program that has nothing else to do, with a waker and without.
func BenchmarkWaker(b *testing.B) {
	const d = 300 * time.Microsecond
	late := func(w *Waker) float64 {
		var late []time.Duration
		for range 100 {
			began := time.Now()
			timer := time.NewTimer(d)
			if w != nil {
				w.At(began.Add(d))
			}
			<-timer.C
			late = append(late, time.Since(began)-d)
		}
		slices.Sort(late)
		return float64(late[len(late)/2].Microseconds())
	}
	w := NewWaker()
	defer w.Close()
	for b.Loop() {
		b.ReportMetric(late(nil), "µs-late-without")
		b.ReportMetric(late(w), "µs-late-with")
	}
}
