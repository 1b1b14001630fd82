package call

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var (
	ejectionsTotal = host.NewCounter("squall_ejections_total",
		"Times that a replica of a callee was left alone because it stood out (failed probes included).")
	ejectedNow          = host.NewGauge("squall_ejected", "Replicas of callees that are left alone or probed now.")
	ejectionPanicsTotal = host.NewCounter("squall_ejection_panics_total",
		"Times that more replicas of a callee were to be left alone than may be, so that all were used.")
)

// outliers judge the replicas of one callee by this caller's own attempts, and take those that stand out away from its choice
// for a time (outlier ejection). When more than most are out, all are used (the panic threshold).
// They are safe for concurrent use.
type outliers struct {
	rule      scenarios.Outliers
	threshold int // failures of the last rule.Of; 0: failures do not count
	most      int // how many may be out
	metrics   *host.Metrics
	// back is told of a replica that is back; it may be nil.
	back func(*Replica)
	// out is how many are out or probed: it is read without the lock, since mostly it is 0.
	out atomic.Int64

	mu sync.Mutex
	of []judged // by replica.n
}

// judged is one replica as its caller knows it.
type judged struct {
	state ejection
	// period counts changes of state: what an attempt came to counts only in the period that it began in.
	period int
	// until is when it is to be probed, length how long it is or was out, back when it came back.
	until  time.Time
	length time.Duration
	back   time.Time
	recent recent
	// mean is a moving mean of how long attempts took, over so many of them.
	mean  float64 // ns
	taken int
}

type ejection int

const (
	judgedWell   ejection = iota
	judgedOut             // nothing is sent to it until its time is over
	judgedChosen          // the next attempt at it is the probe
	judgedProbed          // the probe is on its way
)

// unjudged is the period of an attempt whose end says nothing.
const unjudged = -1

// newOutliers is nil for no ejection.
func newOutliers(m *making) policy {
	if m.Outliers == nil {
		return nil
	}
	out := shared(m.e, m.Outliers, func() *outliers {
		return outliersOf(m.Outliers, len(m.e.To.Replicas), m.e.i.Metrics)
	})
	if m.back != nil {
		out.back = m.back
	}
	m.e.timed = m.Outliers.Slower > 0
	return out
}

func outliersOf(o *scenarios.Outliers, replicas int, m *host.Metrics) *outliers {
	out := &outliers{rule: *o, metrics: m, of: make([]judged, replicas)}
	out.rule.Of = max(o.Of, 1)
	if o.Failures > 0 {
		out.threshold = thresholdOf(o.Failures, out.rule.Of)
	}
	if o.Longest <= 0 {
		out.rule.Longest = scenarios.DefaultLongestTimes * o.EjectFor
	}
	if o.Most <= 0 {
		out.rule.Most = scenarios.DefaultMostOut
	}
	out.most = int(out.rule.Most*float64(replicas) + 1e-9)
	for n := range out.of {
		out.of[n].recent = newRecent(out.rule.Of)
	}
	return out
}

// Retire ends outliers that no further choice asks: what is still under way counts for nobody.
func (o *outliers) Retire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	ejectedNow.In(o.metrics).Add(-o.out.Load())
	o.metrics = host.NewMetrics()
}

// narrow takes those away that are out, and returns the one that is to be probed now; never the one not wanted, unless
// nothing else is left.
func (o *outliers) narrow(c *choice) (probe *Replica) {
	if o.out.Load() == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for _, r := range c.from {
		if j := &o.of[r.n]; r != c.not && j.state == judgedOut && !now.Before(j.until) {
			j.state = judgedChosen
			j.period++
			return r
		}
	}
	if int(o.out.Load()) <= o.most {
		c.keep(func(r *Replica) bool { return o.of[r.n].state == judgedWell })
	}
	return nil
}

func (o *outliers) admit(_ context.Context, a attempt) (permit, *Failure) {
	return permit{o.begin(a.to)}, nil
}

func (o *outliers) settle(a attempt, p permit, r attemptResult) {
	o.end(a.to, p.period, r.F, r.took)
}

// allOut tells that every replica is out, and none to be probed yet.
func (o *outliers) allOut() bool {
	if int(o.out.Load()) < len(o.of) {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	return !slices.ContainsFunc(o.of, func(j judged) bool { return j.state == judgedOut && !now.Before(j.until) })
}

// begin is the period that an attempt begins in.
func (o *outliers) begin(r *Replica) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	j := &o.of[r.n]
	switch j.state {
	case judgedWell:
		return j.period
	case judgedChosen:
		j.state = judgedProbed
		return j.period
	default: // all are used: it stays out until its probe
		return unjudged
	}
}

// end says what an attempt came to, and how long it took.
func (o *outliers) end(r *Replica, period int, f *Failure, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	j := &o.of[r.n]
	told, bad := f.about(), f.bad()
	switch {
	case period != j.period:
	case j.state == judgedProbed && !told:
		j.state = judgedOut // its time stays over: the next one probes
		j.period++
	case !told:
	case j.state == judgedProbed && bad:
		o.eject(j)
	case j.state == judgedProbed:
		j.state, j.back = judgedWell, time.Now()
		j.period++
		o.out.Add(-1)
		ejectedNow.In(o.metrics).Add(-1)
		if o.back != nil {
			o.back(r)
		}
	case j.recent.count(bad) >= o.threshold && o.threshold > 0, o.slow(j, bad, took):
		o.eject(j)
	}
}

// slow counts how long an attempt took, and tells whether the replica stands out. A failed attempt's time is not its callee's.
func (o *outliers) slow(j *judged, bad bool, took time.Duration) bool {
	if o.rule.Slower <= 0 || bad {
		return false
	}
	// The first are averaged as they are, the later ones each with a weight of 1/of.
	j.taken = min(j.taken+1, o.rule.Of)
	j.mean += (float64(took) - j.mean) / float64(j.taken)
	if j.taken < o.rule.Of {
		return false
	}
	var means []float64
	for n := range o.of {
		if o.of[n].taken >= o.rule.Of && o.of[n].state == judgedWell {
			means = append(means, o.of[n].mean)
		}
	}
	slices.Sort(means)
	// Of two the slower one: nobody can say which of them stands out.
	return j.mean > o.rule.Slower*means[len(means)/2]
}

// eject takes a replica out, for twice as long as last time where it has not been well for that long.
func (o *outliers) eject(j *judged) {
	now := time.Now()
	switch {
	case j.length == 0 || j.state == judgedWell && now.Sub(j.back) >= j.length:
		j.length = o.rule.EjectFor
	default:
		j.length = min(2*j.length, o.rule.Longest)
	}
	if j.state == judgedWell {
		ejectedNow.In(o.metrics).Add(1)
		if int(o.out.Add(1)) == o.most+1 {
			ejectionPanicsTotal.In(o.metrics).Add(1)
		}
	}
	j.state, j.until = judgedOut, now.Add(j.length)
	j.period++
	j.recent.clear()
	j.mean, j.taken = 0, 0
	ejectionsTotal.In(o.metrics).Add(1)
}
