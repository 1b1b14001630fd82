package call

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync/atomic"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
)

var (
	tiedWithdrawnTotal = host.NewCounter("squall_tied_withdrawn_total",
		"Tied attempts that were given up because the other one had been begun.")
	tiedTwiceTotal = host.NewCounter("squall_tied_twice_total",
		"Tied attempts that had been begun too when they were given up: work done twice.")
)

// begunKey is the context's key of what an attempt calls when its callee says that it has been begun.
type begunKey struct{}

// tie has a request's callee say when a worker begins with it, where somebody wants to know.
func tie(r *http.Request) *http.Request {
	begun, ok := r.Context().Value(begunKey{}).(func())
	if !ok {
		return r
	}
	r.Header.Set(wire.HeaderTied, "1")
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			if code == http.StatusEarlyHints {
				begun()
			}
			return nil
		},
	}))
}

// tie makes an attempt, and a second one at another replica where the first has not been begun in time. The one that a
// worker begins first is the call's, and the other is given up: it leaves its queue without having cost work (Dean and
// Barroso, The Tail at Scale, "tied requests"). There the servers tell each other; here the caller hears it from one and
// tells the other, so that work is done twice where both begin within a round trip.
func (h *hedge) tie(ctx context.Context, c host.Trace, n int, do exchange) *Failure {
	h.budget.pay()
	d := &duel{e: h.e, n: n, do: do, came: make(chan arrival, 2)}
	begun := make(chan int, 2)
	var began [2]atomic.Bool
	start := func(which int, to *Replica, c host.Trace) {
		d.ctx = context.WithValue(ctx, begunKey{}, func() {
			if !began[which].Swap(true) {
				begun <- which
			}
		})
		d.start(which, to, c)
	}
	to := h.e.pick(c)
	start(0, to, c)
	late, stop := h.e.i.After(h.after)
	defer stop()
	select {
	case only := <-d.came:
		return d.end(only)
	case <-begun:
		return d.end(<-d.came)
	case <-late:
	}
	if !h.budget.take() {
		budgetExhaustedTotal.In(h.e.i.Metrics).Add(1)
		return d.end(<-d.came)
	}
	hedgesTotal.In(h.e.i.Metrics).Add(1)
	start(1, h.e.pickBut(c.Hedge(), to), c.Hedge())
	var first arrival
	select {
	case which := <-begun:
		tiedWithdrawnTotal.In(h.e.i.Metrics).Add(1)
		d.cancel[1-which]()
		if first = <-d.came; first.which != which {
			h.settleTied(first, &began)
			return d.end(<-d.came)
		}
	case first = <-d.came:
		if !first.answered() { // that it failed says nothing about the other
			first.take(false)
			return d.end(<-d.came)
		}
	}
	h.e.i.Answering.Go(func() { h.settleTied(<-d.came, &began) })
	return d.end(first)
}

// settleTied is the end of the attempt that was given up.
func (h *hedge) settleTied(loser arrival, began *[2]atomic.Bool) {
	if began[loser.which].Load() {
		tiedTwiceTotal.In(h.e.i.Metrics).Add(1)
	}
	loser.take(false)
}
