package call

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// storm is the setting of Bronson, Aghayev, Charapko and Zhu, "Metastable Failures in Distributed Systems", HotOS 2021: a database
// of 15 workers and 50 ms (300/s) that works every attempt to its end; a client timeout of 1 s; a network that holds
// what is sent for the 10 s from 30 to 40 s and delivers it then. It gives the attempts and good answers of each second.
func storm(t *testing.T, rate float64, lasts time.Duration, policy scenarios.Policy) (attempts, sent, good []float64) {
	seconds := int(lasts/time.Second) + 10
	attempts, sent, good = make([]float64, seconds), make([]float64, seconds), make([]float64, seconds)
	synctest.Test(t, func(t *testing.T) {
		policy.Timeout = time.Second
		g := executorOn(t, policy, 1)
		database := newStation(15)
		began := time.Now()
		var mu sync.Mutex
		count := func(in []float64, at time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			in[int(at/time.Second)]++
		}
		var working sync.WaitGroup
		arrive(int(rate*lasts.Seconds()), rate, rand.New(rand.NewPCG(1, 2)), func(n int) {
			at := time.Since(began)
			if at >= lasts {
				return
			}
			count(sent, at)
			f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(ctx context.Context, _ *Replica, c host.Trace, _ int) Outcome {
				now := time.Since(began)
				count(attempts, now)
				done := make(chan struct{})
				working.Go(func() {
					defer close(done)
					if now >= 30*time.Second && now < 40*time.Second {
						time.Sleep(40*time.Second - now)
					}
					database.serve(time.Duration(g.i.Chance(c, "service").ExpFloat64() * float64(50*time.Millisecond)))
				})
				bounded, cancel := g.Bounded(ctx)
				defer cancel()
				select {
				case <-done:
					return Outcome{}
				case <-bounded.Done():
					return Outcome{F: FailureOf(ctx, bounded, "leaf-1", g.Timeout, bounded.Err())}
				}
			})
			if f == nil {
				count(good, at)
			}
		})
		working.Wait()
	})
	return attempts, sent, good
}

// over is the mean of the seconds from a to b.
func over(in []float64, a, b int) float64 {
	sum := 0.0
	for _, v := range in[a:b] {
		sum += v
	}
	return sum / float64(b-a)
}

// recoveredAt is the first second from 40 s on from which 99 % of all requests get their answer until the end; -1 for never.
func recoveredAt(sent, good []float64, end int) int {
	for at := end - 5; at >= 40; at-- {
		if over(good, at, at+5) < 0.99*over(sent, at, at+5) {
			if at > end-15 {
				return -1
			}
			return at + 1
		}
	}
	return 40
}

// The same paper: with one retry, 280 requests a second stay at 560 attempts and no goodput for ever after an outage of 10 s,
// below 150/s the system recovers, and it does when retries stay under the room that is left, 20/s: a budget of 5 %, not one of
// 10 % (308/s of 300). A circuit breaker ends it too, and without retries what piled up is worked off in D rho/(1-rho) = 140 s.
func TestRetryStormIsMetastable(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates half a million requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	retry := func(budget float64) *scenarios.Retry {
		r := &scenarios.Retry{Attempts: 2, Budget: &budget}
		if budget == 0 {
			r.Budget = nil // no bound
		}
		return r
	}
	for _, r := range []struct {
		name   string
		rate   float64
		lasts  time.Duration
		policy scenarios.Policy
		// recovery is the least and most time from the end of the outage; 0, 0 is never.
		least, most int
	}{
		{"280/s, one retry", 280, 150 * time.Second, scenarios.Policy{Retry: retry(0)}, 0, 0},
		{"160/s, one retry", 160, 200 * time.Second, scenarios.Policy{Retry: retry(0)}, 0, 0},
		{"120/s, one retry", 120, 200 * time.Second, scenarios.Policy{Retry: retry(0)}, 5, 120},
		{"280/s, budget of 10 %", 280, 200 * time.Second, scenarios.Policy{Retry: retry(0.10)}, 0, 0},
		{"280/s, budget of 5 %", 280, 1000 * time.Second, scenarios.Policy{Retry: retry(0.05)}, 150, 900},
		{"280/s, circuit breaker", 280, 150 * time.Second, scenarios.Policy{Retry: retry(0), Breaker: &scenarios.Breaker{Failures: 0.5, Of: 100, OpenFor: 2 * time.Second}}, 0, 60},
		{"280/s, no retry", 280, 300 * time.Second, scenarios.Policy{}, 100, 190},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			attempts, sent, good := storm(t, r.rate, r.lasts, r.policy)
			end := int(r.lasts / time.Second)
			if before := over(good, 5, 28) / over(sent, 5, 28); before < 0.98 {
				t.Errorf("before the outage %.3f of requests are answered", before)
			}
			at := recoveredAt(sent, good, end)
			t.Logf("attempts %.0f/s, good %.1f/s in the last 20 s; recovered after %d s", over(attempts, end-25, end-5), over(good, end-25, end-5), at-40)
			if r.most == 0 {
				if at >= 0 || over(good, end-25, end-5) > 0.02*r.rate {
					t.Errorf("it recovered after %d s, want never", at-40)
				}
				if extra := over(attempts, end-25, end-5) / r.rate; r.policy.Retry.Budget == nil && math.Abs(extra-2) > 0.1 {
					t.Errorf("%.2f attempts a request, want 2", extra)
				}
			} else if at < 0 || at-40 < r.least || at-40 > r.most {
				t.Errorf("recovered after %d s, want %d to %d", at-40, r.least, r.most)
			}
		})
	}
}

// With R retries of attempts that fail with chance p: (1-p^(R+1))/(1-p) attempts a call, and 1-p^(R+1) of calls succeed.
func TestRetryArithmetic(t *testing.T) {
	const calls = 40000
	for _, p := range []float64{0, 0.1, 0.2, 0.5, 0.9, 1} {
		g := executorOn(t, scenarios.Policy{Retry: &scenarios.Retry{Attempts: 4}}, 1)
		ok := 0.0
		for n := range calls {
			f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(_ context.Context, _ *Replica, c host.Trace, _ int) Outcome {
				if g.i.Chance(c, "failure").Float64() < p {
					return Outcome{F: &Failure{Class: Failed, Retryable: true, Status: http.StatusBadGateway}}
				}
				return Outcome{}
			})
			if f == nil {
				ok++
			}
		}
		attempts, success := float64(g.To.Replicas[0].Counts.stats().Attempts)/calls, ok/calls
		wantAttempts := 4.0
		if p < 1 {
			wantAttempts = (1 - math.Pow(p, 4)) / (1 - p)
		}
		if want := 1 - math.Pow(p, 4); math.Abs(attempts-wantAttempts) > 0.02*wantAttempts || math.Abs(success-want) > 0.01 {
			t.Errorf("p %g: %.3f attempts a call, %.4f succeed, want %.3f and %.4f", p, attempts, success, wantAttempts, want)
		}
	}
}

// Dean and Barroso, "The Tail at Scale": P(slow) = 1-(1-p)^n for a fan-out of n whose leaves are slow with chance p.
func TestFanOutMakesTheTail(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const requests = 4000
	for _, r := range []struct {
		p float64
		n int
	}{{0.01, 1}, {0.01, 10}, {0.01, 100}, {0.001, 100}} {
		g := executorOn(t, scenarios.Policy{}, 1)
		slow := 0.0
		for n := range requests {
			var any atomic.Bool
			for leaf := range r.n {
				g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}.Step(fmt.Sprint(leaf)), func(_ context.Context, _ *Replica, c host.Trace, _ int) Outcome {
					if g.i.Chance(c, "service").Float64() < r.p {
						any.Store(true)
					}
					return Outcome{}
				})
			}
			if any.Load() {
				slow++
			}
		}
		want := 1 - math.Pow(1-r.p, float64(r.n))
		if got, sd := slow/requests, math.Sqrt(want*(1-want)/requests); math.Abs(got-want) > 4*sd {
			t.Errorf("p %g, fan-out %d: %.4f of requests are slow, want %.4f", r.p, r.n, got, want)
		}
	}
}
