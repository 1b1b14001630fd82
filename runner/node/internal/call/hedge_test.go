package call

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// timed is an attempt that takes so long, or ends when it is given up.
func timed(ctx context.Context, d time.Duration) Outcome {
	if err := host.Sleep(ctx, d); err != nil {
		return Outcome{F: &Failure{Class: Abandoned, Err: err}}
	}
	return Outcome{}
}

// hedged makes calls under a policy with service times drawn by f for each attempt, and tells how long each call took.
func hedged(t *testing.T, h scenarios.Hedge, calls int, f func(r *rand.Rand) time.Duration) (took []time.Duration, g *Executor) {
	synctest.Test(t, func(t *testing.T) {
		g = executorOn(t, scenarios.Policy{Hedge: &h}, 10)
		took = make([]time.Duration, calls)
		arrive(calls, 1000, rand.New(rand.NewPCG(1, 2)), func(n int) {
			began := time.Now()
			g.DoSafely(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(ctx context.Context, _ *Replica, c host.Trace, _ int) Outcome {
				return timed(ctx, f(g.i.Chance(c, "service")))
			})
			took[n] = time.Since(began)
		})
		g.i.Answering.Wait()
		for _, r := range g.To.Replicas {
			if r.busy.Load() != 0 || r.Counts.stats().Failures != 0 {
				t.Errorf("%s: %d in flight, %d failures at the end", r.Instance, r.busy.Load(), r.Counts.stats().Failures)
			}
		}
	})
	return took, g
}

// Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013: a hedge after the 95th percentile costs about 5 % more
// requests. With exponential service of 10 ms and q = p95 = 30 ms, the tail beyond q is that of the lesser of two:
// quantile p at (q - s ln(1-p)) / 2 = 38.0 ms for p99 and 49.5 ms for p99.9, from 46.1 and 69.1.
func TestHedgeAfterP95(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const calls = 100000
	took, g := hedged(t, scenarios.Hedge{Quantile: 0.95}, calls, func(r *rand.Rand) time.Duration {
		return time.Duration(r.ExpFloat64() * float64(10*time.Millisecond))
	})
	slices.Sort(took)
	p99, p999 := took[calls*99/100], took[calls*999/1000]
	extra := float64(hedgesTotal.In(g.i.Metrics).Load()) / calls
	t.Logf("extra %.2f %%, p99 %s, p99.9 %s, won %d of %d", 100*extra, p99, p999, hedgesWonTotal.In(g.i.Metrics).Load(), hedgesTotal.In(g.i.Metrics).Load())
	if math.Abs(extra-0.05) > 0.005 {
		t.Errorf("hedges are %.2f %% of calls, want 5 %%", 100*extra)
	}
	within := func(name string, got time.Duration, want float64) {
		if ms := got.Seconds() * 1000; math.Abs(ms-want) > 0.05*want {
			t.Errorf("%s is %.1f ms, want %.1f", name, ms, want)
		}
	}
	within("p99", p99, 38.0)
	within("p99.9", p999, 49.5)
	// The hedge and the rest of an exponential first attempt are equals.
	if won := float64(hedgesWonTotal.In(g.i.Metrics).Load()) / float64(hedgesTotal.In(g.i.Metrics).Load()); math.Abs(won-0.5) > 0.03 {
		t.Errorf("hedges won %.2f of the time, want one half", won)
	}
	var attempts, organic, retries int64
	for _, r := range g.To.Replicas {
		s := r.Counts.stats()
		attempts, organic, retries = attempts+s.Attempts, organic+s.Organic, retries+s.Retries
	}
	if organic != calls || attempts != calls+hedgesTotal.In(g.i.Metrics).Load() || retries != 0 {
		t.Errorf("%d attempts, %d organic, %d retries, of %d calls and %d hedges", attempts, organic, retries, calls, hedgesTotal.In(g.i.Metrics).Load())
	}
}

// The same paper's fan-out: if a leaf is slow once in a hundred, a request that waits for 100 leaves is slow
// 1-0.99^100 = 63.4 % of the time; when each leaf is hedged both must be slow: 1-0.9999^100 = 1.0 %.
func TestHedgeCutsTheTailOfFanOut(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const requests, leaves = 3000, 100
	for _, r := range []struct {
		name  string
		hedge *scenarios.Hedge
		want  float64
	}{
		{"one attempt", nil, 1 - math.Pow(0.99, leaves)},
		{"hedged", &scenarios.Hedge{After: 20 * time.Millisecond}, 1 - math.Pow(0.9999, leaves)},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := executorOn(t, scenarios.Policy{Hedge: r.hedge}, 10)
				var slow atomic.Int64
				arrive(requests, 20, rand.New(rand.NewPCG(1, 2)), func(n int) {
					began := time.Now()
					var all sync.WaitGroup
					for leaf := range leaves {
						all.Go(func() {
							g.DoSafely(t.Context(), host.Trace{Request: fmt.Sprint(n)}.Step(fmt.Sprint(leaf)), func(ctx context.Context, _ *Replica, c host.Trace, _ int) Outcome {
								if g.i.Chance(c, "service").Float64() < 0.01 {
									return timed(ctx, time.Second)
								}
								return timed(ctx, 10*time.Millisecond)
							})
						})
					}
					all.Wait()
					if time.Since(began) >= time.Second {
						slow.Add(1)
					}
				})
				g.i.Answering.Wait()
				share := float64(slow.Load()) / requests
				t.Logf("%.2f %% of requests are slow, %.2f %% more attempts", 100*share, 100*float64(hedgesTotal.In(g.i.Metrics).Load())/(requests*leaves))
				if sd := math.Sqrt(r.want * (1 - r.want) / requests); math.Abs(share-r.want) > 4*sd {
					t.Errorf("%.2f %% of requests are slow, want %.2f +- %.2f %%", 100*share, 100*r.want, 400*sd)
				}
			})
		})
	}
}

// What becomes of a call for what its two attempts do, and when it is over. The hedge begins at 20 ms.
func TestHedgeSituations(t *testing.T) {
	fails := func(d time.Duration) func(context.Context) Outcome {
		return func(ctx context.Context) Outcome {
			o := timed(ctx, d)
			if o.F == nil {
				o.F = &Failure{Class: Failed, Retryable: true}
			}
			return o
		}
	}
	answers := func(d time.Duration) func(context.Context) Outcome {
		return func(ctx context.Context) Outcome { return timed(ctx, d) }
	}
	const ms = time.Millisecond
	for _, r := range []struct {
		name           string
		first, second  func(context.Context) Outcome
		took           time.Duration
		ok             bool
		taken, dropped string
		hedges, won    int64
	}{
		{"in time", answers(19 * ms), nil, 19 * ms, true, "1", "", 0, 0},
		{"late, and the second is first", answers(time.Second), answers(10 * ms), 30 * ms, true, "2", "1", 1, 1},
		{"late, and still first", answers(25 * ms), answers(10 * ms), 25 * ms, true, "1", "2", 1, 0},
		{"failed before the hedge", fails(10 * ms), nil, 10 * ms, false, "1", "", 0, 0},
		{"a failure is no answer", fails(25 * ms), answers(10 * ms), 30 * ms, true, "2", "1", 1, 1},
		{"the hedge's failure neither", answers(50 * ms), fails(10 * ms), 50 * ms, true, "1", "2", 1, 0},
		{"both fail", fails(25 * ms), fails(10 * ms), 30 * ms, false, "2", "1", 1, 0},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := executorOn(t, scenarios.Policy{Hedge: &scenarios.Hedge{After: 20 * ms}}, 2)
				var taken, dropped string
				var attempts atomic.Int64
				began := time.Now()
				f := g.DoSafely(t.Context(), host.Trace{Request: "r"}, func(ctx context.Context, _ *Replica, _ host.Trace, _ int) Outcome {
					which := fmt.Sprint(attempts.Add(1))
					do := r.first
					if which == "2" {
						do = r.second
					}
					o := do(ctx)
					o.Settle = func(it bool) {
						if it {
							taken += which
						} else {
							dropped += which
						}
					}
					return o
				})
				took := time.Since(began)
				g.i.Answering.Wait()
				if took != r.took || (f == nil) != r.ok || taken != r.taken || dropped != r.dropped {
					t.Errorf("after %s: %v, took %q, dropped %q; want %s, %v, %q, %q", took, f, taken, dropped, r.took, r.ok, r.taken, r.dropped)
				}
				if h, w := hedgesTotal.In(g.i.Metrics).Load(), hedgesWonTotal.In(g.i.Metrics).Load(); h != r.hedges || w != r.won {
					t.Errorf("%d hedges, %d won, want %d and %d", h, w, r.hedges, r.won)
				}
				for n, replica := range g.To.Replicas {
					if want := min(attempts.Load()-int64(n), 1); attempts.Load() == 2 && replica.Counts.stats().Attempts != want {
						t.Errorf("both attempts were made at one replica")
					}
				}
			})
		})
	}
}

// The budget holds 10 and takes in its share of calls: of 1,000 calls that are all late, 10 + 10 % of 999 are hedged.
func TestHedgeBudget(t *testing.T) {
	_, g := hedged(t, scenarios.Hedge{After: time.Millisecond, Budget: new(0.1)}, 1000, func(*rand.Rand) time.Duration { return 10 * time.Millisecond })
	if got := hedgesTotal.In(g.i.Metrics).Load(); got != 109 {
		t.Errorf("%d hedges, want 109", got)
	}
}

// A hedge's first guess is the nearest rank of its quantile, as every percentile of a run is.
func TestHedgesTakeTheNearestRank(t *testing.T) {
	for _, c := range []struct {
		quantile float64
		n, rank  int
	}{{.95, 20, 19}, {.9, 20, 18}, {.99, 20, 20}, {.999, 20, 20}, {.5, 20, 10}, {.5, 19, 10}, {.001, 20, 1}, {1, 20, 20}, {.29, 100, 29}} {
		took := make([]time.Duration, c.n)
		for i := range took {
			took[i] = time.Duration(c.n - i)
		}
		if got := nearestRank(took, c.quantile); got != time.Duration(c.rank) {
			t.Errorf("the %g quantile of 1..%d is %d, want the one of rank %d", c.quantile, c.n, got, c.rank)
		}
	}
}
