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

// executorOn is an executor with the given policy over so many replicas, and the instance that it belongs to.
func executorOn(t testing.TB, policy scenarios.Policy, replicas int) *Executor {
	t.Helper()
	i := host.NewInstance(host.Config{Seed: 1, Instance: "caller-1", Node: scenarios.Node{Name: "caller"}}, host.Environment{})
	var to []host.Upstream
	for n := range replicas {
		to = append(to, host.Upstream{Instance: fmt.Sprintf("leaf-%d", n+1), Kind: scenarios.KindService})
	}
	i.Config.Upstreams = map[string][]host.Upstream{"leaf": to}
	g, err := New(i, "leaf", policy)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// on is an executor's policy of one type; the zero value where it is off.
func on[P any](e *Executor) (zero P) {
	for _, on := range e.all {
		if p, is := on.(P); is {
			return p
		}
	}
	return zero
}

// station is a callee's workers: first come, first served, whoever has left meanwhile.
type station struct{ workers chan struct{} }

func newStation(workers int) *station { return &station{make(chan struct{}, workers)} }

func (s *station) serve(d time.Duration) {
	s.workers <- struct{}{}
	time.Sleep(d)
	<-s.workers
}

// arrive calls f for each of n Poisson arrivals, in a goroutine each, and waits for all.
func arrive(n int, rate float64, chance *rand.Rand, f func(n int)) {
	var all sync.WaitGroup
	for k := range n {
		time.Sleep(time.Duration(chance.ExpFloat64() / rate * float64(time.Second)))
		all.Go(func() { f(k) })
	}
	all.Wait()
}

// timeInSystem is the mean time in system, in service times, of 50 servers at 90 % use.
func timeInSystem(t *testing.T, how string) float64 {
	var mean float64
	synctest.Test(t, func(t *testing.T) {
		const servers, jobs, warm = 50, 160000, 40000
		g := executorOn(t, scenarios.Policy{Balance: how}, servers)
		at := map[*Replica]*station{}
		for _, r := range g.To.Replicas {
			at[r] = newStation(1)
		}
		var total time.Duration
		var mu sync.Mutex
		arrive(jobs, 0.9*servers, rand.New(rand.NewPCG(1, 2)), func(n int) {
			c := host.Trace{Request: fmt.Sprint(n)}
			began := time.Now()
			g.Do(t.Context(), c, func(_ context.Context, to *Replica, c host.Trace, _ int) Outcome {
				at[to].serve(time.Duration(g.i.Chance(c, "service").ExpFloat64() * float64(time.Second)))
				return Outcome{}
			})
			if n >= warm {
				mu.Lock()
				total += time.Since(began)
				mu.Unlock()
			}
		})
		mean = total.Seconds() / (jobs - warm)
	})
	return mean
}

// Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (1996): the mean time in system of n servers at
// use rho is, for many n, 1/(1-rho) with one random choice and sum of rho^(2^i-2) with two: 10 and 2.614 at 0.9.
// Fifty servers come within some per cent; one random choice, whose queues are long, within more.
func TestTwoChoicesBeatRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 480,000 jobs; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	random, two, least := timeInSystem(t, "random"), timeInSystem(t, "two_choices"), timeInSystem(t, "least_in_flight")
	t.Logf("mean time in system at use 0.9: random %.2f, two choices %.3f, least in flight %.3f", random, two, least)
	if math.Abs(random-10) > 1.5 {
		t.Errorf("random: %.2f service times, want 10 +- 1.5", random)
	}
	if math.Abs(two-2.614) > 0.08*2.614 {
		t.Errorf("two choices: %.3f service times, want 2.614 +- 8 %%", two)
	}
	if least >= two || least < 1 {
		t.Errorf("least in flight: %.3f service times, want less than two choices' %.3f", least, two)
	}
}

// One replica of five answers in 1 s, the others in 10 ms, at 200/s for 60 s. By turns or by chance it gets a fifth
// (2,400 calls); by calls in flight it holds one or two at a time and so gets one or two a second.
func TestSlowReplicaGetsItsFairShare(t *testing.T) {
	for how, want := range map[string][2]int64{
		"": {2400, 2400}, "random": {2250, 2550}, "least_in_flight": {60, 250}, "two_choices": {60, 400},
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := executorOn(t, scenarios.Policy{Balance: how}, 5)
				slow := g.To.Replicas[2]
				arrive(12000, 200, rand.New(rand.NewPCG(3, 4)), func(n int) {
					g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(_ context.Context, to *Replica, _ host.Trace, _ int) Outcome {
						if to == slow {
							time.Sleep(time.Second)
						} else {
							time.Sleep(10 * time.Millisecond)
						}
						return Outcome{}
					})
				})
				if got := slow.Counts.stats().Attempts; got < want[0] || got > want[1] {
					t.Errorf("the slow replica got %d of 12,000 calls, want %d to %d", got, want[0], want[1])
				}
				for _, r := range g.To.Replicas {
					if busy := r.busy.Load(); busy != 0 {
						t.Errorf("%s has %d calls in flight when all are over", r.Instance, busy)
					}
				}
			})
		})
	}
}

// Equals are taken in turn, and an attempt beside another one takes another replica.
func TestPickBut(t *testing.T) {
	for how := range balances {
		g := executorOn(t, scenarios.Policy{Balance: how}, 3)
		seen := map[string]int{}
		for n := range 300 {
			c := host.Trace{Request: fmt.Sprint(n)}
			not := g.pick(c)
			r := g.pickBut(c.Step("again"), not)
			if r == not {
				t.Fatalf("%q chose the replica that it was not to", how)
			}
			seen[r.Instance]++
		}
		if len(seen) != 3 {
			t.Errorf("%q chose %v", how, seen)
		}
	}
}
