package call

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// refusing is a callee of which one replica can't be connected to while down is true.
func refusing(name string, down *bool) exchange {
	return func(_ context.Context, to *Replica, _ host.Trace, _ int) Outcome {
		if *down && to.Instance == name {
			return Outcome{F: &Failure{Class: Failed, noConnection: true, To: name, Err: errors.New("refused")}}
		}
		return Outcome{}
	}
}

// A replica of four that is back gets max(t/T, 0.1) of its share at t: over T = 10 s 50.5 % of it (0.1 * 0.1 + (1 - 0.01)/2), and of 100 calls
// a second by turns 126 in place of 250. After T it has its whole share. That is so with every balancer, whether it was found
// to be back by its connection or by an ejection's probe; without slow start it has its share at once.
func TestSlowStart(t *testing.T) {
	for how := range balances {
		for name, choice := range map[string]scenarios.Choice{
			"connected again": {SlowStart: 10 * time.Second},
			"probed": {SlowStart: 10 * time.Second,
				Outliers: &scenarios.Outliers{Failures: 1, Of: 3, EjectFor: 500 * time.Millisecond, Longest: 500 * time.Millisecond}},
			"off": {},
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := executorOn(t, scenarios.Policy{Balance: how, Choice: choice}, 4)
					down := true
					try := refusing("leaf-2", &down)
					g.call(t, 0, 300, try)
					down = false
					got := func() int64 { return g.To.Replicas[1].Counts.stats().Attempts }
					from := 300
					for before := got(); got() == before; from++ { // until it is found to be back
						g.call(t, from, 1, try)
					}
					start := got()
					g.call(t, from, 1000, try)
					first := got() - start
					g.call(t, from+1000, 1000, try)
					second := got() - start - first
					want := 126.0
					if name == "off" {
						want = 250
					}
					if math.Abs(float64(first)-want) > 45 {
						t.Errorf("%d calls in the first 10 s, want %.0f", first, want)
					}
					if math.Abs(float64(second)-250) > 55 {
						t.Errorf("%d calls in the next 10 s, want 250", second)
					}
					if w := on[*slowStart](g); w != nil && w.some.Load() {
						t.Error("it is warm, and still looked after")
					}
				})
			})
		}
	}
}

// nearExecutor is an executor of replicas that are in the caller's zone, region or neither.
func nearExecutor(t *testing.T, policy scenarios.Policy, near ...string) *Executor {
	g := executorOn(t, policy, len(near))
	for n := range near {
		g.To.Replicas[n].Near = near[n]
	}
	return g
}

// A second attempt beside one at the only replica of the zone goes to another zone.
func TestHedgeLeavesTheZone(t *testing.T) {
	for _, prefer := range []string{"zone", "region"} {
		g := nearExecutor(t, scenarios.Policy{Choice: scenarios.Choice{Prefer: prefer}}, "zone", "", "")
		first := g.pick(host.Trace{})
		if second := g.pickBut(host.Trace{}.Hedge(), first); first.n != 0 || second == first {
			t.Errorf("%s: replicas %d and then %d, want the near one and then another", prefer, first.n, second.n)
		}
	}
}

// The nearest replicas are chosen while one of them can be: those of the zone, then of the region, then any.
func TestPreferNear(t *testing.T) {
	rule := &scenarios.Outliers{Failures: 1, Of: 1, EjectFor: time.Hour, Most: 1}
	for _, r := range []struct {
		prefer string
		near   []string
		ill    []string
		want   string
	}{
		{"none", []string{"zone", "region", "", ""}, nil, "[10 10 10 10]"},
		{"zone", []string{"zone", "zone", "region", ""}, nil, "[20 20 0 0]"},
		{"zone", []string{"zone", "zone", "region", ""}, []string{"leaf-1"}, "[1 39 0 0]"},
		{"zone", []string{"zone", "region", "region", ""}, []string{"leaf-1"}, "[1 20 19 0]"},
		{"zone", []string{"zone", "", ""}, []string{"leaf-1"}, "[1 20 19]"},
		{"zone", []string{"", "", ""}, nil, "[14 13 13]"},
		{"region", []string{"zone", "region", "", ""}, nil, "[20 20 0 0]"},
	} {
		t.Run(fmt.Sprint(r.prefer, r.near, r.ill), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := nearExecutor(t, scenarios.Policy{Choice: scenarios.Choice{Prefer: r.prefer, Outliers: rule}}, r.near...)
				g.To.next.Store(uint64(len(r.near)*1000) - 1)
				g.call(t, 0, 40, ill(0, r.ill...))
				var got []int64
				for _, one := range g.To.Replicas {
					got = append(got, one.Counts.stats().Attempts)
				}
				if fmt.Sprint(got) != r.want {
					t.Errorf("calls %v, want %s", got, r.want)
				}
			})
		})
	}
}
