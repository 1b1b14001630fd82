package call

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// throttledRates sends calls to a dependency that accepts so many a second and rejects the rest at once: 80 a second for a
// minute, then 1,000 a second for two. It gives the rates that the dependency sees and accepts in the last minute.
func throttledRates(t *testing.T, policy *scenarios.Throttle, accepts float64) (seen, accepted float64, g *Executor) {
	synctest.Test(t, func(t *testing.T) {
		const calm, rate, half = 4800, 1000, 60000
		g = executorOn(t, scenarios.Policy{Throttle: policy}, 1)
		most := accepts * 0.1 // a bucket of a tenth of a second
		tokens, last := most, time.Now()
		arrivals := rand.New(rand.NewPCG(1, 2))
		for n := range calm + 2*half {
			every := time.Second / rate
			if n < calm {
				every = time.Second / 80
			}
			time.Sleep(time.Duration(arrivals.ExpFloat64() * float64(every)))
			g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(context.Context, *Replica, host.Trace, int) Outcome {
				tokens = min(tokens+time.Since(last).Seconds()*accepts, most)
				last = time.Now()
				if n >= calm+half {
					seen++
				}
				if tokens < 1 {
					return Outcome{F: &Failure{Class: Failed}}
				}
				tokens--
				if n >= calm+half {
					accepted++
				}
				return Outcome{}
			})
		}
		seen, accepted = seen*rate/half, accepted*rate/half
	})
	return seen, accepted, g
}

// Google, Site Reliability Engineering, chapter 21: under overload the backend sees K times what it accepts. With a capacity
// of 100/s and 1,000/s offered that is 200, 150 and 110/s (the formula's request in flight makes it a little less), and
// without overload nothing is rejected.
func TestAdaptiveThrottling(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	window := 30 * time.Second
	for _, k := range []float64{2, 1.5, 1.1} {
		seen, accepted, _ := throttledRates(t, &scenarios.Throttle{K: k, Window: window}, 100)
		t.Logf("k %g: the backend sees %.1f/s and accepts %.1f/s", k, seen, accepted)
		if want := k * accepted; math.Abs(seen-want) > 0.02*want || accepted < 93 || accepted > 101 {
			t.Errorf("k %g: the backend sees %.1f/s and accepts %.1f/s, want %.1f and 100", k, seen, accepted, k*100)
		}
	}
	if seen, accepted, _ := throttledRates(t, nil, 100); math.Abs(seen-1000) > 15 || math.Abs(accepted-100) > 2 {
		t.Errorf("without a throttle it sees %.1f/s and accepts %.1f/s, want 1000 and 100", seen, accepted)
	}
	if _, accepted, g := throttledRates(t, &scenarios.Throttle{K: 2, Window: window}, 2000); throttledTotal.In(g.i.Metrics).Load() != 0 || math.Abs(accepted-1000) > 15 {
		t.Errorf("%d calls throttled though the backend has the room, %.1f/s accepted", throttledTotal.In(g.i.Metrics).Load(), accepted)
	}
}

// A backend that is dead gets lam/(lam W + 1) calls a second, one in each window or so, and those find out when it is back.
func TestThrottleProbesTheDead(t *testing.T) {
	seen, _, _ := throttledRates(t, &scenarios.Throttle{K: 2, Window: 10 * time.Second}, 0)
	if perWindow := seen * 10; perWindow < 0.2 || perWindow > 3 {
		t.Errorf("a dead backend sees %.2f calls in each window, want about 1", perWindow)
	}
}

// What leaves the window is forgotten, after a pause longer than the window everything.
func TestThrottleForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, scenarios.Policy{Throttle: &scenarios.Throttle{K: 2, Window: time.Minute}}, 1)
		fail := func(context.Context, *Replica, host.Trace, int) Outcome { return Outcome{F: &Failure{Class: Failed}} }
		for n := range 1000 {
			g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, fail)
		}
		if on[*throttle](g).requests != 1000 {
			t.Fatalf("%g requests counted, want 1000", on[*throttle](g).requests)
		}
		time.Sleep(59 * time.Second)
		on[*throttle](g).slide()
		if on[*throttle](g).requests != 1000 {
			t.Errorf("%g requests within the window, want 1000", on[*throttle](g).requests)
		}
		time.Sleep(time.Second)
		on[*throttle](g).slide()
		if on[*throttle](g).requests != 0 {
			t.Errorf("%g requests counted after the window, want none", on[*throttle](g).requests)
		}
		time.Sleep(time.Hour)
		g.Do(t.Context(), host.Trace{Request: "late"}, fail)
		if on[*throttle](g).requests != 1 {
			t.Errorf("%g requests counted after an hour, want 1", on[*throttle](g).requests)
		}
	})
}
