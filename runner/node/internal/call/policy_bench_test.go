package call

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// BenchmarkCallPolicy is what a call's policy costs besides the call itself, for each pattern alone; off is none of them.
func BenchmarkCallPolicy(b *testing.B) {
	for _, r := range []struct {
		name   string
		policy scenarios.Policy
	}{
		{"off", scenarios.Policy{}},
		{"retry", scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3}}},
		{"retry_budget", scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3, Budget: new(0.1)}}},
		{"breaker", scenarios.Policy{Breaker: &scenarios.Breaker{Failures: 0.5, Of: 20, OpenFor: time.Second}}},
		{"random", scenarios.Policy{Balance: "random"}},
		{"least_in_flight", scenarios.Policy{Balance: "least_in_flight"}},
		{"two_choices", scenarios.Policy{Balance: "two_choices"}},
		{"hedge", scenarios.Policy{Hedge: &scenarios.Hedge{After: time.Second}}},
		{"tied", scenarios.Policy{Hedge: &scenarios.Hedge{After: time.Second, Tied: true}}},
		{"bulkhead", scenarios.Policy{Bulkhead: &scenarios.Bulkhead{Most: 10}}},
		{"prefer", scenarios.Policy{Choice: scenarios.Choice{Prefer: "zone"}}},
		{"health check", scenarios.Policy{Choice: scenarios.Choice{HealthCheck: &scenarios.HealthCheck{Every: time.Second}}}},
		{"slow start", scenarios.Policy{Choice: scenarios.Choice{SlowStart: time.Second}}},
		{"shard", scenarios.Policy{Choice: scenarios.Choice{Shard: &scenarios.Shard{Of: 2}}}},
		{"outliers", scenarios.Policy{Choice: scenarios.Choice{Outliers: &scenarios.Outliers{Failures: 0.5, Of: 20, EjectFor: time.Second}}}},
		{"slow outliers", scenarios.Policy{Choice: scenarios.Choice{Outliers: &scenarios.Outliers{Slower: 3, Of: 20, EjectFor: time.Second}}}},
		{"throttle", scenarios.Policy{Throttle: &scenarios.Throttle{K: 2}}},
	} {
		b.Run(r.name, func(b *testing.B) {
			g := executorOn(b, r.policy, 5)
			c := host.Trace{Request: "r-1"}
			b.ReportAllocs()
			for b.Loop() {
				g.DoSafely(b.Context(), c, atOnce)
			}
		})
	}
	b.Run("outliers, one out", func(b *testing.B) {
		rule := &scenarios.Outliers{Failures: 1, Of: 5, EjectFor: time.Hour}
		g := executorOn(b, scenarios.Policy{Choice: scenarios.Choice{Outliers: rule}}, 5)
		c := host.Trace{Request: "r-1"}
		for n := 0; ejectedNow.In(g.i.Metrics).Load() == 0; n++ {
			if n == 1000 {
				b.Fatal("nobody is out")
			}
			g.DoSafely(b.Context(), c, ill(0, "leaf-2"))
		}
		b.ReportAllocs()
		for b.Loop() {
			g.DoSafely(b.Context(), c, atOnce)
		}
	})
}

// BenchmarkSecondAttempt is a call whose first attempt is late and whose second one answers at once: off is a plain hedge, tied
// one whose callee says that it has begun.
func BenchmarkSecondAttempt(b *testing.B) {
	for _, r := range []struct {
		name string
		tied bool
	}{{"off", false}, {"tied", true}} {
		b.Run(r.name, func(b *testing.B) {
			g := executorOn(b, scenarios.Policy{Hedge: &scenarios.Hedge{After: 1, Tied: r.tied}}, 5)
			var attempts atomic.Int64
			try := func(ctx context.Context, _ *Replica, _ host.Trace, _ int) Outcome {
				if attempts.Add(1)%2 == 1 { // of two, the one that comes first hangs until it is given up
					<-ctx.Done()
					return Outcome{F: &Failure{Class: Abandoned, Err: ctx.Err()}}
				}
				if begun, ok := ctx.Value(begunKey{}).(func()); ok {
					begun()
				}
				return Outcome{}
			}
			b.ReportAllocs()
			for b.Loop() {
				if f := g.DoSafely(b.Context(), host.Trace{Request: "r-1"}, try); f != nil {
					b.Fatal(f)
				}
			}
			b.StopTimer()
			g.i.Answering.Wait()
		})
	}
}

// atOnce is an attempt that succeeds.
func atOnce(context.Context, *Replica, host.Trace, int) Outcome { return Outcome{} }

// BenchmarkAttempt is an attempt's context: off is one that its caller can end, timeout one that also ends by itself, deadline
// one that says in a header when it does.
func BenchmarkAttempt(b *testing.B) {
	for _, r := range []struct {
		name   string
		policy scenarios.Policy
	}{
		{"off", scenarios.Policy{}},
		{"timeout", scenarios.Policy{Timeout: time.Second}},
		{"deadline", scenarios.Policy{Timeout: time.Second, Deadline: host.Propagate}},
	} {
		b.Run(r.name, func(b *testing.B) {
			g, h := executorOn(b, r.policy, 1), http.Header{}
			b.ReportAllocs()
			for b.Loop() {
				ctx, cancel := g.Bounded(b.Context())
				g.HandOn(ctx, h)
				cancel()
			}
		})
	}
}

// BenchmarkFailover is a call that the first node answers, with another one to turn to, and one that only the other answers.
func BenchmarkFailover(b *testing.B) {
	for name, broken := range map[string]bool{"not needed": false, "taken": true} {
		b.Run(name, func(b *testing.B) {
			g := executorOn(b, scenarios.Policy{}, 5)
			other := executorOn(b, scenarios.Policy{}, 5)
			g.wrap(&failover{g, []*Executor{other}})
			fail := &Failure{Class: Failed, Err: errNoUpstream}
			try := func(_ context.Context, to *Replica, _ host.Trace, _ int) Outcome {
				if broken && to == g.To.Replicas[to.n] {
					return Outcome{F: fail}
				}
				return Outcome{}
			}
			b.ReportAllocs()
			for b.Loop() {
				if f := g.Do(b.Context(), host.Trace{Request: "r-1"}, try); f != nil {
					b.Fatal(f)
				}
			}
		})
	}
}
