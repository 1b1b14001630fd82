package call

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// Above its capacity, first come first served, a station's queue grows by rho - 1 seconds of work a second: who comes after
// T / (rho - 1) waits longer than the timeout T, and from then on nobody is answered, though it works all the time.
func TestOverloadAnswersNobody(t *testing.T) {
	for _, rho := range []float64{1.2, 1.5, 2} {
		t.Run(fmt.Sprint(rho), func(t *testing.T) {
			t.Parallel()
			const timeout = 2.0
			ends := timeout / (rho - 1)
			h := crowd{
				rate: rho * 300, lasts: time.Duration((2*ends + 10) * float64(time.Second)),
				policy: scenarios.Policy{Timeout: timeout * time.Second}, station: scenarios.Node{Workers: 15},
			}.run(t)
			before, after := int(0.7*ends), int(1.5*ends)+1
			good := over(h.good, 0, max(before, 1)) / over(h.sent, 0, max(before, 1))
			late := over(h.good, after, len(h.good)-1) / over(h.sent, after, len(h.sent)-1)
			t.Logf("rho %g: %.3f of requests are answered before %g s, %.3f after", rho, good, ends, late)
			if good < 0.97 || late > 0.03 {
				t.Errorf("rho %g: %.3f of requests are answered before %g s, %.3f after, want all and none", rho, good, ends, late)
			}
		})
	}
}

// A bulkhead without a queue is a loss system, M/G/c/c: with a calls on average of c places Erlang's B is rejected, whatever the
// distribution of their time: 12.17 % for 8 of 10, 0.45 % for 8 of 16, 6.44 % for 16 of 20.
func TestBulkheadIsErlangB(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	for _, r := range []struct {
		offered float64
		places  int
		want    float64
	}{{8, 10, 0.1217}, {8, 16, 0.00453}, {16, 20, 0.0644}} {
		for _, shape := range []string{"exponential", "constant"} {
			synctest.Test(t, func(t *testing.T) {
				const calls = 60000
				g := executorOn(t, scenarios.Policy{Bulkhead: &scenarios.Bulkhead{Most: r.places}}, 1)
				arrive(calls, r.offered, rand.New(rand.NewPCG(1, 2)), func(n int) {
					g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(_ context.Context, _ *Replica, c host.Trace, _ int) Outcome {
						took := 1.0
						if shape == "exponential" {
							took = g.i.Chance(c, "service").ExpFloat64()
						}
						time.Sleep(time.Duration(took * float64(time.Second)))
						return Outcome{}
					})
				})
				got := float64(bulkheadRejectedTotal.In(g.i.Metrics).Load()) / calls
				// Rejections come in runs about as long as a call takes, so they vary more than independent ones.
				if sd := math.Sqrt(r.want * (1 - r.want) / calls * r.offered); math.Abs(got-r.want) > 4*sd {
					t.Errorf("%g of %d places, %s: %.4f rejected, want %.4f", r.offered, r.places, shape, got, r.want)
				}
			})
		}
	}
}

// wonInFull is the share of requests whose k calls, a second apart, all get a worker of a station that is offered twice what it can
// do. low is the share of requests that are of low priority, in all of their calls.
func wonInFull(t *testing.T, k int, low float64) float64 {
	var won float64
	const requests = 24000
	synctest.Test(t, func(t *testing.T) {
		w := admission.NewWorkers(&scenarios.Node{Workers: 15, Service: scenarios.Service{Queue: new(30)}}, host.NewMetrics())
		r := rand.New(rand.NewPCG(1, uint64(k)))
		var mu sync.Mutex
		arrive(requests, 600/float64(k), r, func(n int) {
			mu.Lock()
			unimportant := r.Float64() < low
			mu.Unlock()
			all := true
			for range k {
				mu.Lock()
				apart, took := r.ExpFloat64(), r.ExpFloat64()
				mu.Unlock()
				time.Sleep(time.Duration(apart * float64(time.Second))) // so that a full queue is not met twice for one reason
				if w.Acquire(context.Background(), unimportant) != nil {
					all = false // and the others are made all the same
					continue
				}
				time.Sleep(time.Duration(took * float64(50*time.Millisecond)))
				w.Release()
			}
			if all && n >= requests/5 && n < requests*4/5 { // neither while it fills nor while it empties
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	})
	return won / (requests * 3 / 5)
}

// Zhou and others, "Overload Control for Scaling WeChat Microservices" (DAGOR), SoCC 2018: a request that calls an overloaded service k times
// needs all k. Where each call is shed by itself, at twice the capacity 0.5^k of requests succeed; where a request's calls are
// shed or served together, by a priority that it has on all of its way, nearly half do for every k.
func TestSheddingWholeRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 300,000 calls; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	for k := 1; k <= 3; k++ {
		each, together := wonInFull(t, k, 0), wonInFull(t, k, 0.55)
		t.Logf("%d calls: %.3f succeed shed by the call, %.3f by the request", k, each, together)
		if want := math.Pow(0.5, float64(k)); math.Abs(each-want) > 0.03 {
			t.Errorf("%d calls shed by themselves: %.3f of requests succeed, want %.3f", k, each, want)
		}
		if together < 0.43 || together > 0.53 {
			t.Errorf("%d calls shed together: %.3f of requests succeed, want nearly 0.5", k, together)
		}
	}
}

// Google, Site Reliability Engineering, chapter 22, a tenth of its size: a backend takes 1,000 requests a second and refuses the rest at
// once; 1,010 are offered, and what is refused comes again every second. The retries grow by 10 a second each second, 10, 20, 30,
// ..., so that t seconds on there are 1,010 + 10 t attempts, while what is answered stays 1,000.
func TestRetriesGrowUnderASmallOverload(t *testing.T) {
	const offered, accepts, seconds = 1010, 1000, 30
	attempts, good := make([]float64, seconds+2), make([]float64, seconds+2)
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, scenarios.Policy{Retry: &scenarios.Retry{Attempts: 1000, Backoff: time.Second, Most: time.Second}}, 1)
		ctx, stop := context.WithTimeout(t.Context(), (seconds+1)*time.Second)
		defer stop()
		began := time.Now()
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range offered * seconds {
			time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / offered)))
			all.Go(func() {
				g.Do(ctx, host.Trace{Request: fmt.Sprint(n)}, func(context.Context, *Replica, host.Trace, int) Outcome {
					mu.Lock()
					defer mu.Unlock()
					second := int(time.Since(began) / time.Second)
					attempts[second]++
					if good[second] == accepts {
						return Outcome{F: &Failure{Class: Failed, Retryable: true}}
					}
					good[second]++
					return Outcome{}
				})
			})
		}
		all.Wait()
	})
	for second := range seconds {
		if want := float64(offered + (offered-accepts)*second); math.Abs(attempts[second]-want) > 2 || good[second] != accepts {
			t.Errorf("second %d: %.0f attempts and %.0f answered, want %.0f and %d", second, attempts[second], good[second], want, accepts)
		}
	}
}
