package node

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// How a hedge learns the time that a share of first attempts exceeds.
const (
	hedgeLeast = 20   // answers that it takes to begin with; fewer tell no quantile
	hedgeStep  = 0.03 // of the time, by which one late attempt lengthens it
)

// hedge says when a first attempt is late enough for a second one beside it. It is safe for concurrent use.
type hedge struct {
	quantile float64
	budget   *budget
	tied     bool

	mu    sync.Mutex
	after time.Duration // 0: not known yet
	took  []time.Duration
}

// newHedge is nil for no hedging.
func newHedge(h *scenarios.Hedge) *hedge {
	if h == nil {
		return nil
	}
	out := &hedge{quantile: h.Quantile, after: h.After, tied: h.Tied}
	if h.Budget > 0 {
		out.budget = &budget{share: h.Budget, saved: budgetHolds}
	}
	return out
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
	slices.Sort(h.took)
	h.after = max(h.took[min(int(h.quantile*hedgeLeast), hedgeLeast-1)], 1)
	h.took = nil
}

// safe tells whether a request may be made twice at once without harm (RFC 9110, 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// way is do, or doSafely for a method that is safe.
func (g *guard) way(method string) func(context.Context, cause, attempt) *failure {
	if safe(method) {
		return g.doSafely
	}
	return g.do
}

// twice makes an attempt, and a second one at another replica when the first is late. The first that is answered counts
// (a 4xx is an answer, a failure is not); the other one is given up, which is no failure of its callee.
func (g *guard) twice(ctx context.Context, c cause, n int, try attempt) *failure {
	g.hedge.budget.pay()
	d := &duel{g: g, ctx: ctx, n: n, try: try, came: make(chan arrival, 2)}
	to := g.pick(c)
	began := time.Now()
	d.start(0, to, c)
	after, known := g.hedge.wait()
	if !known {
		only := <-d.came
		if only.answered() {
			g.hedge.begin(time.Since(began))
		}
		return d.end(only)
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case only := <-d.came:
		if only.answered() {
			g.hedge.learn(false)
		}
		return d.end(only)
	case <-timer.C:
		g.hedge.learn(true)
	}
	if !g.hedge.budget.take() {
		g.i.metrics.budgetExhausted.Add(1)
		return d.end(<-d.came)
	}
	g.i.metrics.hedges.Add(1)
	d.start(1, g.pickBut(c.hedge(), to), c.hedge())
	first := <-d.came
	if first.answered() {
		d.g.i.answering.start(func() { (<-d.came).take(false) }) // when it has seen that it is given up
		return d.end(first)
	}
	second := <-d.came
	if !second.answered() && second.f.ending == rejected {
		first, second = second, first
	}
	first.take(false)
	return d.end(second)
}

// duel is two attempts side by side.
type duel struct {
	g      *guard
	ctx    context.Context
	n      int
	try    attempt
	came   chan arrival
	cancel [2]context.CancelFunc
}

// arrival is the end of the first (0) or second (1) of two attempts.
type arrival struct {
	outcome
	which int
}

func (o outcome) answered() bool { return o.f == nil || o.f.ending == declined }

func (d *duel) start(which int, to *replica, c cause) {
	one, cancel := context.WithCancel(d.ctx)
	d.cancel[which] = cancel
	d.g.i.answering.start(func() {
		d.came <- arrival{d.g.attemptAt(one, to, c, d.n, d.try), which}
	})
}

// end takes one attempt's answer and gives the other attempt up, if it is still on its way. The winner's
// context ends with the call's own: its body may still have to come.
func (d *duel) end(winner arrival) *failure {
	if winner.which == 1 && winner.answered() {
		d.g.i.metrics.hedgesWon.Add(1)
	}
	if other := 1 - winner.which; d.cancel[other] != nil {
		d.cancel[other]()
	}
	winner.take(true)
	return winner.f
}
