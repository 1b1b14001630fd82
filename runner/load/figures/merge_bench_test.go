package figures_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
)

// told is what a generator says at its end: of lags and waits over as many values as a busy one has, and of so many kinds of request of users.
func told(seed uint64, kinds int) figures.Figures {
	rng := rand.New(rand.NewPCG(seed, 1))
	histogram := func() figures.Histogram {
		h := record.NewHistogram()
		for range 100_000 {
			record.RecordDuration(h, time.Duration(rng.ExpFloat64()*float64(20*time.Millisecond)))
		}
		return figures.Export(h)
	}
	f := figures.Figures{Intended: 100_000, InTime: 100_000, End: time.Minute, Lag: histogram()}
	c := figures.Closed{Load: "users", Users: 100}
	for n := range kinds {
		c.Waits = append(c.Waits, figures.Wait{Request: fmt.Sprintf("GET /%02d", n), All: histogram(), Answered: histogram()})
	}
	f.Closed = []figures.Closed{c}
	return f
}

// What putting together the last words of so many generators costs, once a run: each has its lag and, of 10 requests of a closed load, two histograms.
func BenchmarkMerge(b *testing.B) {
	for _, generators := range []int{2, 8, 40} {
		b.Run(fmt.Sprintf("%d generators", generators), func(b *testing.B) {
			var all []figures.Figures
			bars := 0
			for n := range generators {
				all = append(all, told(uint64(n), 10))
				bars += len(all[n].Lag)
			}
			begun, _ := worker.Machine()
			for b.Loop() {
				if got := figures.Merge(all); got.Intended != int64(generators)*100_000 {
					b.Fatalf("%d requests", got.Intended)
				}
			}
			used, _ := worker.Machine()
			b.ReportMetric(float64((used-begun).Microseconds())/float64(b.N*generators), "cpu-us/generator")
			b.ReportMetric(float64(bars)/float64(generators), "bars/histogram")
		})
	}
}
