package call

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var (
	hedgesTotal    = host.NewCounter("squall_hedges_total", "Second attempts made beside a first one that was late.")
	hedgesWonTotal = host.NewCounter("squall_hedges_won_total", "Hedges whose answer was taken.")
)

// How a hedge learns the time that a share of first attempts exceeds.
const (
	hedgeLeast = 20   // answers that it takes to begin with; fewer tell no quantile
	hedgeStep  = 0.03 // of the time, by which one late attempt lengthens it
)

// hedge says when a first attempt is late enough for a second one beside it. It is safe for concurrent use.
type hedge struct {
	e        *Executor
	quantile float64
	budget   *budget
	tied     bool

	mu    sync.Mutex
	after time.Duration // 0: not known yet
	took  []time.Duration
}

// newHedge is nil for no hedging, and for tied attempts at a database, which does not say when it begins.
func newHedge(m *making) policy {
	h := m.Hedge
	if h == nil || h.Tied && m.e.To.Kind == scenarios.KindDatabase {
		return nil
	}
	out := &hedge{e: m.e, quantile: h.Quantile, after: h.After, tied: h.Tied}
	if h.Budget != nil {
		out.budget = newBudget(*h.Budget)
	}
	return out
}

func (h *hedge) wrap(next round) round {
	return func(ctx context.Context, c host.Trace, n int, t Task) *Failure {
		switch {
		case !t.Safe:
			return next(ctx, c, n, t)
		case h.tied:
			return h.tie(ctx, c, n, t.Do)
		default:
			return h.twice(ctx, c, n, t.Do)
		}
	}
}

// wait is how long a first attempt may take alone; false where that isn't known yet.
func (h *hedge) wait() (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.after, h.after > 0
}

// learn moves the time to the quantile: a late attempt lengthens it by the quantile's share of a step, one in time shortens it
// by the rest, so that it stays where that share is in time. It needs no more than late or not, since how
// long a late attempt would have taken is not known once it was given up for its hedge.
func (h *hedge) learn(late bool) {
	if h.quantile <= 0 {
		return
	}
	move := -(1 - h.quantile)
	if late {
		move = h.quantile
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after = max(time.Duration(float64(h.after)*math.Exp(hedgeStep*move)), 1)
}

// begin takes one of the first answers, of which the time is guessed where the scenario gives none.
func (h *hedge) begin(took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.after > 0 {
		return
	}
	if h.took = append(h.took, took); len(h.took) < hedgeLeast {
		return
	}
	h.after = max(nearestRank(h.took, h.quantile), 1)
	h.took = nil
}

// nearestRank is a quantile (0..1) of times, which it sorts: the one of rank ceil(quantile x n), as every percentile of a run is.
func nearestRank(took []time.Duration, quantile float64) time.Duration {
	slices.Sort(took)
	n := len(took)
	rank := int(math.Ceil(quantile * float64(n) * (1 - 1e-12))) // .95 x 20 is not quite 19 in floating point
	return took[min(max(rank, 1), n)-1]
}

// twice makes an attempt, and a second one at another replica when the first is late. The first that is answered counts
// (a 4xx is an answer, a failure is not); the other one is given up, which is no failure of its callee.
func (h *hedge) twice(ctx context.Context, c host.Trace, n int, do exchange) *Failure {
	h.budget.pay()
	d := &duel{e: h.e, ctx: ctx, n: n, do: do, came: make(chan arrival, 2)}
	to := h.e.pick(c)
	began := time.Now()
	d.start(0, to, c)
	after, known := h.wait()
	if !known {
		only := <-d.came
		if only.answered() {
			h.begin(time.Since(began))
		}
		return d.end(only)
	}
	late, stop := h.e.i.After(after)
	defer stop()
	select {
	case only := <-d.came:
		if only.answered() {
			h.learn(false)
		}
		return d.end(only)
	case <-late:
		h.learn(true)
	}
	if !h.budget.take() {
		budgetExhaustedTotal.In(h.e.i.Metrics).Add(1)
		return d.end(<-d.came)
	}
	hedgesTotal.In(h.e.i.Metrics).Add(1)
	d.start(1, h.e.pickBut(c.Hedge(), to), c.Hedge())
	first := <-d.came
	if first.answered() {
		d.e.i.Answering.Go(func() { (<-d.came).take(false) }) // when it has seen that it is given up
		return d.end(first)
	}
	second := <-d.came
	if !second.answered() && second.F.Class == Rejected {
		first, second = second, first
	}
	first.take(false)
	return d.end(second)
}

// duel is two attempts side by side.
type duel struct {
	e      *Executor
	ctx    context.Context
	n      int
	do     exchange
	came   chan arrival
	cancel [2]context.CancelFunc
}

// arrival is the end of the first (0) or second (1) of two attempts.
type arrival struct {
	Outcome
	which int
}

func (o Outcome) answered() bool { return o.F == nil || o.F.Class == Declined }

func (d *duel) start(which int, to *Replica, c host.Trace) {
	one, cancel := context.WithCancel(d.ctx)
	d.cancel[which] = cancel
	d.e.i.Answering.Go(func() {
		d.came <- arrival{d.e.AttemptAt(one, to, c, d.n, d.do), which}
	})
}

// end takes one attempt's answer and gives the other attempt up, if it is still on its way. The winner's
// context ends with the call's own: its body may still have to come.
func (d *duel) end(winner arrival) *Failure {
	if winner.which == 1 && winner.answered() {
		hedgesWonTotal.In(d.e.i.Metrics).Add(1)
	}
	if other := 1 - winner.which; d.cancel[other] != nil {
		d.cancel[other]()
	}
	winner.take(true)
	return winner.F
}
