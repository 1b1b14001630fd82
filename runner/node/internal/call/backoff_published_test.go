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
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// contended has clients that all want to write one row, once each, as soon as they can: read its version, write on condition that
// it still is that one, and try again with the given backoff where it is not. Each way takes |N(10, 2)| ms. It gives the mean, over
// runs, of when the last one has written and of how many writes were tried.
func contended(t *testing.T, clients, runs int, retry scenarios.Retry) (last time.Duration, writes float64) {
	retry.Attempts = math.MaxInt
	for run := range runs {
		synctest.Test(t, func(t *testing.T) {
			g := executorOn(t, scenarios.Policy{Retry: &retry}, 1)
			began := time.Now()
			var mu sync.Mutex
			version := 0
			var all sync.WaitGroup
			for n := range clients {
				all.Go(func() {
					way := rand.New(rand.NewPCG(uint64(run), uint64(n)))
					travel := func() { time.Sleep(time.Duration(math.Abs(way.NormFloat64()*2+10) * float64(time.Millisecond))) }
					g.Do(t.Context(), host.Trace{Request: fmt.Sprint(run, "/", n)}, func(context.Context, *Replica, host.Trace, int) Outcome {
						travel()
						mu.Lock()
						read := version
						mu.Unlock()
						travel()
						travel()
						mu.Lock()
						writes++
						won := read == version
						if won {
							version++
						}
						mu.Unlock()
						travel()
						if !won {
							return Outcome{F: &Failure{Class: Failed, Retryable: true}}
						}
						return Outcome{}
					})
				})
			}
			all.Wait()
			last += time.Since(began)
		})
	}
	return last / time.Duration(runs), writes / float64(runs)
}

// Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015: clients that contend for a row with optimistic locking,
// base 5 ms, at most 2 s. The figures are those of the author's simulator (awslabs/aws-arch-backoff-simulator), run again
// 100 times each. Its first wait is 2 * base, as the exponent counts attempts from 1; ours is the backoff itself.
func TestExponentialBackoffAndJitter(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 300,000 writes; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const runs = 15
	ms, most := time.Millisecond, 2*time.Second
	kinds := []struct {
		name  string
		retry scenarios.Retry
		// Published, for 10, 50 and 100 clients: when the last one has written, in ms, and writes tried.
		ms, writes [3]float64
	}{
		{"none", scenarios.Retry{}, [3]float64{382, 1138, 2031}, [3]float64{50.6, 690, 2426}},
		{"exponential", scenarios.Retry{Backoff: 10 * ms, Most: most}, [3]float64{3590, 36033, 63309}, [3]float64{51.0, 623, 1846}},
		{"equal", scenarios.Retry{Backoff: 10 * ms, Most: most, Jitter: "equal"}, [3]float64{733, 4278, 6540}, [3]float64{42.4, 347, 813}},
		{"full", scenarios.Retry{Backoff: 10 * ms, Most: most, Jitter: "full"}, [3]float64{465, 2914, 4909}, [3]float64{38.6, 332, 796}},
		{"decorrelated", scenarios.Retry{Backoff: 5 * ms, Most: most, Jitter: "decorrelated"}, [3]float64{435, 2195, 4780}, [3]float64{37.9, 373, 999}},
	}
	for at, clients := range []int{10, 50, 100} {
		took, writes := map[string]float64{}, map[string]float64{}
		for _, k := range kinds {
			last, tried := contended(t, clients, runs, k.retry)
			took[k.name], writes[k.name] = last.Seconds()*1000, tried
			t.Logf("%d clients, %s: %.0f ms and %.1f writes, published %.0f and %.1f", clients, k.name, took[k.name], tried, k.ms[at], k.writes[at])
			if math.Abs(tried-k.writes[at]) > 0.1*k.writes[at] || math.Abs(took[k.name]-k.ms[at]) > 0.2*k.ms[at] {
				t.Errorf("%d clients, %s: %.0f ms and %.1f writes, published %.0f and %.1f", clients, k.name, took[k.name], tried, k.ms[at], k.writes[at])
			}
		}
		if clients == 100 && writes["full"] > 0.5*writes["exponential"] {
			t.Errorf("full jitter tries %.0f writes, more than half of the %.0f without", writes["full"], writes["exponential"])
		}
		for name := range took {
			if name != "exponential" && took[name] >= took["exponential"] {
				t.Errorf("%d clients: %s takes %.0f ms, as long as exponential backoff without jitter", clients, name, took[name])
			}
		}
		if clients > 10 && writes["decorrelated"] <= writes["full"] {
			t.Errorf("%d clients: decorrelated jitter tries %.0f writes, full %.0f", clients, writes["decorrelated"], writes["full"])
		}
	}
}

// Brooker, "Fixing retries with token buckets and circuit breakers", 2022: 100 clients of 1,000 requests each, which fail with
// chance p, up to 3 retries. Without a bucket that is (1-p^4)/(1-p) attempts a request, 4 when all fail; a bucket that gets 0.1 for each
// request and holds B makes it 1 + 0.1 + B / 1000 at most, and then 1-p + (0.1 + B / 1000)(1-p) of requests succeed. His B
// is 5 (1.105); ours holds 10.
func TestRetriesWithTokenBuckets(t *testing.T) {
	const clients, requests = 100, 1000
	for _, p := range []float64{0.01, 0.2, 0.5, 1} {
		ask := func(retry *scenarios.Retry) (attempts, success float64) {
			for client := range clients {
				g := executorOn(t, scenarios.Policy{Retry: retry}, 1)
				for n := range requests {
					f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(client, "/", n)}, func(_ context.Context, _ *Replica, c host.Trace, _ int) Outcome {
						if g.i.Chance(c, "failure").Float64() < p {
							return Outcome{F: &Failure{Class: Failed, Retryable: true}}
						}
						return Outcome{}
					})
					if f == nil {
						success++
					}
				}
				attempts += float64(g.To.Replicas[0].Counts.stats().Attempts)
			}
			return attempts / (clients * requests), success / (clients * requests)
		}
		attempts, success := ask(&scenarios.Retry{Attempts: 4, Budget: new(0.1)})
		extra := 0.1 + float64(budgetHolds)/requests
		if natural := p * (1 - p*p*p) / (1 - p); p < 1 && natural < extra {
			extra = natural // the bucket is never empty
		}
		want := (1 - p) * (1 + extra)
		t.Logf("p %g: %.3f attempts a request, %.4f succeed", p, attempts, success)
		if math.Abs(attempts-1-extra) > 0.004 || math.Abs(success-want) > 0.006 {
			t.Errorf("p %g: %.3f attempts a request and %.4f succeed, want %.3f and %.4f", p, attempts, success, 1+extra, want)
		}
	}
}

// crowding is Brooker's simulator of a simple congestive collapse (mbrooker/simulator_example, simple_collapse_sim): a server that takes
// 1 s and 10 ms more for each request in flight, a way of 100 ms (exponential) each way, clients that give up after 3 s and try three times
// in all, 40 a second and 80 from second 20 to 25. It gives what succeeds a second of what comes from second 45 to 75.
func crowding(t *testing.T, seed uint64, retry scenarios.Retry) (succeed float64) {
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, scenarios.Policy{Timeout: 3 * time.Second, Retry: &retry}, 1)
		began := time.Now()
		var mu sync.Mutex
		inFlight, chance := 0, rand.New(rand.NewPCG(seed, 1))
		way := func() time.Duration { return time.Duration(chance.ExpFloat64() * float64(100*time.Millisecond)) } // with mu held
		serve := func(answered chan<- struct{}) {
			mu.Lock()
			there, back := way(), way()
			mu.Unlock()
			time.Sleep(there)
			mu.Lock()
			inFlight++
			takes := time.Second + time.Duration(inFlight)*10*time.Millisecond
			mu.Unlock()
			time.Sleep(takes)
			mu.Lock()
			inFlight--
			mu.Unlock()
			time.Sleep(back)
			close(answered)
		}
		var all, working sync.WaitGroup
		arrivals := rand.New(rand.NewPCG(seed, 2))
		for n := 0; time.Since(began) < 80*time.Second; n++ {
			rate := 40.0
			if at := time.Since(began); at >= 20*time.Second && at <= 25*time.Second {
				rate = 80
			}
			time.Sleep(time.Duration(arrivals.ExpFloat64() / rate * float64(time.Second)))
			at := time.Since(began)
			all.Go(func() {
				f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(seed, "/", n)}, func(ctx context.Context, _ *Replica, _ host.Trace, _ int) Outcome {
					answered := make(chan struct{})
					working.Go(func() { serve(answered) })
					bounded, cancel := g.Bounded(ctx)
					defer cancel()
					select {
					case <-answered:
						return Outcome{}
					case <-bounded.Done():
						return Outcome{F: FailureOf(ctx, bounded, "leaf-1", g.Timeout, bounded.Err())}
					}
				})
				if f == nil && at >= 45*time.Second && at < 75*time.Second {
					mu.Lock()
					succeed += 1.0 / 30
					mu.Unlock()
				}
			})
		}
		all.Wait()
		working.Wait()
	})
	return succeed
}

// The published run of it: after the spike about 8 of 40 a second succeed on average of ten runs without backoff, as most have collapsed
// for good; with exponential backoff (20 s, then 40) and full jitter all do.
func TestBackoffHealsASpike(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 100,000 attempts; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const runs = 5
	var none, jittered float64
	collapsed := 0
	for seed := range uint64(runs) {
		s := crowding(t, seed, scenarios.Retry{Attempts: 3})
		none += s / runs
		if s < 4 { // a tenth
			collapsed++
		}
		jittered += crowding(t, seed, scenarios.Retry{Attempts: 3, Backoff: 20 * time.Second, Most: 40 * time.Second, Jitter: "full"}) / runs
	}
	t.Logf("without backoff %.1f/s succeed, %d of %d runs have collapsed; with backoff and jitter %.1f/s", none, collapsed, runs, jittered)
	if none > 20 || 2*collapsed <= runs {
		t.Errorf("without backoff %.1f/s succeed and %d of %d runs have collapsed, want about 8/s, and most", none, collapsed, runs)
	}
	if math.Abs(jittered-40) > 2 {
		t.Errorf("with backoff and jitter %.1f/s succeed, want 40", jittered)
	}
}

func TestBackoffJitter(t *testing.T) {
	i := host.NewInstance(host.Config{Seed: 1, Instance: "s-1", Node: scenarios.Node{Name: "s"}}, host.Environment{})
	for _, r := range []struct {
		jitter   string
		low, top time.Duration
	}{{"none", 40, 40}, {"full", 0, 40}, {"equal", 20, 40}, {"decorrelated", 20, 90}} {
		retry := &scenarios.Retry{Backoff: 20 * time.Millisecond, Jitter: r.jitter}
		low, top, sum := time.Hour, time.Duration(0), time.Duration(0)
		const n = 4000
		for k := range n {
			d := backoff(retry, 3, 30*time.Millisecond, i.Chance(host.Trace{Request: fmt.Sprint(k)}, "backoff"))
			low, top, sum = min(low, d), max(top, d), sum+d
		}
		wantLow, wantTop := r.low*time.Millisecond, r.top*time.Millisecond
		slack := (wantTop - wantLow) / 100
		if low < wantLow || low > wantLow+slack || top > wantTop || top < wantTop-slack {
			t.Errorf("%s: from %s to %s, want %s to %s", r.jitter, low, top, wantLow, wantTop)
		}
		if mean := sum / n; (mean - (wantLow+wantTop)/2).Abs() > 2*slack {
			t.Errorf("%s: mean %s, want %s", r.jitter, mean, (wantLow+wantTop)/2)
		}
	}
}
