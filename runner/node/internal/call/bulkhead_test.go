package call

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// Calls of 1 s each begin 90 ms apart over a bulkhead of 2 with a queue of 1: two run, one waits, the rest are rejected.
func TestBulkhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, scenarios.Policy{Bulkhead: &scenarios.Bulkhead{Most: 2, Queue: 1}}, 3)
		began := time.Now()
		ends := make([]string, 14)
		done := make(chan struct{})
		for n := range ends {
			go func() {
				defer func() { done <- struct{}{} }()
				f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(ctx context.Context, _ *Replica, _ host.Trace, _ int) Outcome {
					return timed(ctx, time.Second)
				})
				ends[n] = fmt.Sprint(time.Since(began))
				if f != nil {
					ends[n] += fmt.Sprintf(" %d", f.Status)
				}
			}()
			time.Sleep(90 * time.Millisecond)
		}
		for range ends {
			<-done
		}
		// 0 and 1 run from 0 and 0.09 s. 2 waits and runs from 1 s, then 12 waits from 1.08 s and runs from 1.09 s, and 13
		// waits from 1.17 s and runs from 2 s.
		want := []string{
			"1s", "1.09s", "2s", "270ms 503", "360ms 503", "450ms 503", "540ms 503", "630ms 503", "720ms 503",
			"810ms 503", "900ms 503", "990ms 503", "2.09s", "3s",
		}
		if fmt.Sprint(ends) != fmt.Sprint(want) {
			t.Errorf("ends:\n got %v\nwant %v", ends, want)
		}
		if got := bulkheadRejectedTotal.In(g.i.Metrics).Load(); got != 9 {
			t.Errorf("%d rejected, want 9", got)
		}
		if w, p := bulkheadWaiting.In(g.i.Metrics).Load(), len(on[*bulkhead](g).places); w != 0 || p != 0 {
			t.Errorf("%d wait and %d have a place at the end", w, p)
		}
	})
}

// A call waits for a place as long as its timeout and no longer, and its own caller may leave the queue.
func TestBulkheadWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, scenarios.Policy{Timeout: 300 * time.Millisecond, Bulkhead: &scenarios.Bulkhead{Most: 1, Queue: 5}}, 1)
		on[*bulkhead](g).places <- struct{}{} // somebody has it
		began := time.Now()
		try := func(context.Context, *Replica, host.Trace, int) Outcome { return Outcome{} }
		if f := g.Do(t.Context(), host.Trace{Request: "a"}, try); f == nil || f.Class != Rejected || time.Since(began) != 300*time.Millisecond {
			t.Errorf("after %s: %v, want it rejected after 300ms", time.Since(began), f)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if f := g.Do(ctx, host.Trace{Request: "b"}, try); f == nil || f.Class != Abandoned {
			t.Errorf("got %v, want it abandoned", f)
		}
		on[*bulkhead](g).leave()
		if f := g.Do(t.Context(), host.Trace{Request: "c"}, try); f != nil {
			t.Errorf("got %v when the place was free", f)
		}
	})
}

// Two routes of 50/s share 20 workers, and one's dependency hangs for its timeout of 2 s. Little's law: that route wants 100
// workers, so the shared pool leaves the other route hardly a fifth; a bulkhead of 10 leaves it the half of a worker that it needs.
func TestBulkheadKeepsWorkersForOthers(t *testing.T) {
	for _, r := range []struct {
		name     string
		bulkhead *scenarios.Bulkhead
		least    float64
		most     float64
	}{
		{"shared", nil, 0, 0.25},
		{"split", &scenarios.Bulkhead{Most: 10}, 1, 1},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := executorOn(t, scenarios.Policy{Timeout: 2 * time.Second, Bulkhead: r.bulkhead}, 1)
				pool := admission.NewWorkers(&scenarios.Node{Workers: 20}, g.i.Metrics)
				var sent, good atomic.Int64
				arrive(6000, 100, rand.New(rand.NewPCG(1, 2)), func(n int) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second) // the user's patience
					defer cancel()
					hangs := n%2 == 0
					if !hangs {
						sent.Add(1)
					}
					if pool.Acquire(ctx, false) != nil {
						return
					}
					defer pool.Release()
					if hangs { // goes on when the user has left, as a worker on a blocking call does
						g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(ctx context.Context, _ *Replica, _ host.Trace, _ int) Outcome {
							bounded, cancel := g.Bounded(ctx)
							defer cancel()
							<-bounded.Done()
							return Outcome{F: FailureOf(ctx, bounded, "leaf-1", g.Timeout, bounded.Err())}
						})
						return
					}
					if timed(ctx, 10*time.Millisecond).F == nil {
						good.Add(1)
					}
				})
				share := float64(good.Load()) / float64(sent.Load())
				t.Logf("%.1f %% of the other route's requests are answered", 100*share)
				if share < r.least || share > r.most {
					t.Errorf("%.3f of the other route's requests are answered, want %g to %g", share, r.least, r.most)
				}
			})
		})
	}
}
