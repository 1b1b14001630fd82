package call

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// ill answers for the replicas that it names with a failure after some time, and for the others at once.
func ill(after time.Duration, names ...string) exchange {
	return func(_ context.Context, to *Replica, _ host.Trace, _ int) Outcome {
		for _, name := range names {
			if to.Instance == name {
				time.Sleep(after)
				return Outcome{F: &Failure{Class: Failed, To: name, Err: errors.New("ill")}}
			}
		}
		return Outcome{}
	}
}

// call makes so many calls, one every 10 ms, and says how many failed.
func (g *Executor) call(t *testing.T, from, n int, try exchange) (failures int) {
	for k := range n {
		if g.Do(t.Context(), host.Trace{Request: fmt.Sprint("r-", from+k)}, try) != nil {
			failures++
		}
		time.Sleep(10 * time.Millisecond)
	}
	return failures
}

func (g *Executor) ejections(t *testing.T, ejections, now, panics int64) {
	t.Helper()
	m := g.i.Metrics
	if ejectionsTotal.In(m).Load() != ejections || ejectedNow.In(m).Load() != now || ejectionPanicsTotal.In(m).Load() != panics {
		t.Errorf("%d ejections, %d now, %d panics, want %d, %d and %d", ejectionsTotal.In(m).Load(), ejectedNow.In(m).Load(), ejectionPanicsTotal.In(m).Load(), ejections, now, panics)
	}
}

// A replica of four that is dead for 30 s at 100 calls a second costs its threshold and a probe for each ejection: every 2 s
// where the ejections stay as long (15 of them: at 0.1 + 2k s), at 2, 6, 14 and 30 s where they double (the 4th is after the 30 s),
// and not the 750 calls of its turns. Once it is well, the next probe takes it back, with every balancer.
func TestOutlierIsEjected(t *testing.T) {
	for name, r := range map[string]struct {
		longest time.Duration
		probes  int
	}{"as long": {2 * time.Second, 14}, "doubling": {0, 3}} {
		for how := range balances {
			t.Run(name+" "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rule := &scenarios.Outliers{Failures: 1, Of: 5, EjectFor: 2 * time.Second, Longest: r.longest}
					g := executorOn(t, scenarios.Policy{Balance: how, Choice: scenarios.Choice{Outliers: rule}}, 4)
					if got := g.call(t, 0, 3000, ill(0, "leaf-2")); got != 5+r.probes {
						t.Errorf("%d failures in 30 s, want the 5 that eject it and %d probes", got, r.probes)
					}
					g.ejections(t, int64(1+r.probes), 1, 0)
					before := g.To.Replicas[1].Counts.stats().Attempts
					if got := g.call(t, 3000, 2000, ill(0)); got != 0 {
						t.Errorf("%d failures once it is well", got)
					}
					g.ejections(t, int64(1+r.probes), 0, 0)
					if got := g.To.Replicas[1].Counts.stats().Attempts - before; got < 50 {
						t.Errorf("it got %d calls in 20 s once it is well, want its share again", got)
					}
				})
			})
		}
	}
}

// Two of four may be out. With three ill all are used, or one would have to carry everything; with two ill the others do.
func TestPanicThreshold(t *testing.T) {
	for _, r := range []struct {
		ill      []string
		most     float64
		failures [2]int // of 1,000, after the first hundred
		panics   int64
	}{
		{[]string{"leaf-1", "leaf-3"}, 0, [2]int{0, 10}, 0},
		{[]string{"leaf-1", "leaf-3", "leaf-4"}, 0, [2]int{740, 760}, 1},
		{[]string{"leaf-1", "leaf-3", "leaf-4"}, 1, [2]int{0, 15}, 0},
		{[]string{"leaf-1", "leaf-2", "leaf-3", "leaf-4"}, 1, [2]int{1000, 1000}, 0},
	} {
		t.Run(fmt.Sprintf("%d ill, %g may be out", len(r.ill), r.most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rule := &scenarios.Outliers{Failures: 0.5, Of: 10, EjectFor: 3 * time.Second, Most: r.most}
				g := executorOn(t, scenarios.Policy{Choice: scenarios.Choice{Outliers: rule}}, 4)
				g.call(t, 0, 100, ill(0, r.ill...))
				if got := g.call(t, 100, 1000, ill(0, r.ill...)); got < r.failures[0] || got > r.failures[1] {
					t.Errorf("%d of 1,000 calls failed, want %v", got, r.failures)
				}
				if got := ejectionPanicsTotal.In(g.i.Metrics).Load(); got != r.panics {
					t.Errorf("%d panics, want %d", got, r.panics)
				}
				if got := ejectedNow.In(g.i.Metrics).Load(); got != int64(len(r.ill)) {
					t.Errorf("%d out, want %d", got, len(r.ill))
				}
			})
		})
	}
}

// One of five answers in 100 ms and the others in 10: it is 10 times the median, and so out. Where two of two differ as
// much, nobody can say which of them stands out.
func TestSlowOutlier(t *testing.T) {
	for replicas, out := range map[int]int64{5: 1, 3: 1, 2: 0} {
		synctest.Test(t, func(t *testing.T) {
			rule := &scenarios.Outliers{Of: 10, Slower: 3, EjectFor: time.Hour}
			g := executorOn(t, scenarios.Policy{Choice: scenarios.Choice{Outliers: rule}}, replicas)
			arrive(2000, 200, rand.New(rand.NewPCG(3, 4)), func(n int) {
				g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(_ context.Context, to *Replica, c host.Trace, _ int) Outcome {
					mean := 10 * time.Millisecond
					if to.Instance == "leaf-2" {
						mean = 100 * time.Millisecond
					}
					time.Sleep(time.Duration(g.i.Chance(c, "time").ExpFloat64() * float64(mean)))
					return Outcome{}
				})
			})
			g.ejections(t, out, out, 0)
			if out == 1 {
				if got := g.To.Replicas[1].Counts.stats().Attempts; got > 60 {
					t.Errorf("the slow one of %d got %d calls of 2,000", replicas, got)
				}
			}
		})
	}
}

// An attempt from before the ejection that fails while the replica is probed does not decide in the probe's place, and a probe
// whose caller leaves decides nothing: the next call probes.
func TestProbeOfAnOutlierDecidesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := &scenarios.Outliers{Failures: 1, Of: 1, EjectFor: time.Second, Most: 1}
		g := executorOn(t, scenarios.Policy{Choice: scenarios.Choice{Outliers: rule}}, 2)
		bad := g.To.Replicas[0]
		late := on[*outliers](g).begin(bad)
		failing := &Failure{Class: Failed, Err: errors.New("ill")}
		on[*outliers](g).end(bad, on[*outliers](g).begin(bad), failing, 0)
		g.ejections(t, 1, 1, 0)
		time.Sleep(time.Second)
		if got := g.pick(host.Trace{}); got != bad {
			t.Fatal("its time is over, and the next call does not probe it")
		}
		if got := g.pick(host.Trace{}); got == bad {
			t.Fatal("a second call goes to it while it is probed")
		}
		probe := on[*outliers](g).begin(bad)
		on[*outliers](g).end(bad, late, failing, 0)
		on[*outliers](g).end(bad, probe, &Failure{Class: Abandoned}, 0)
		g.ejections(t, 1, 1, 0)
		if got := g.pick(host.Trace{}); got != bad {
			t.Fatal("the probe told nothing, and the next call does not probe")
		}
		on[*outliers](g).end(bad, on[*outliers](g).begin(bad), nil, 0)
		g.ejections(t, 1, 0, 0)
	})
}
