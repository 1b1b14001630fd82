package broker

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// popping is what a queue knows of those who take its messages: who waits for one, and who has one, until when. A crash of the queue forgets
// it, and all that was not acknowledged is in line again.
type popping struct {
	atMostOnce bool
	ackWithin  time.Duration
	held       map[uint64]time.Time // messages that somebody has, by their numbers, and until when
	waiters    []*waiter            // in the order in which they came
}

// waiter is one who pops.
type waiter struct {
	once bool       // who does not wait
	gets chan given // holds 1
}

// given is what a waiter gets; without a message there was none.
type given struct {
	m       *message
	receipt string
}

func poppingOf(n *scenarios.Node) popping {
	p := popping{held: make(map[uint64]time.Time)}
	p.promises(n)
	return p
}

// promises takes up what the node says.
func (p *popping) promises(n *scenarios.Node) {
	p.atMostOnce = n.Promise == scenarios.AtMostOnce
	p.ackWithin = cmp.Or(n.AckWithin, scenarios.DefaultAckWithin)
}

// popped adds what a queue is asked whose messages are taken.
func (q *queue) popped(mux *http.ServeMux) {
	mux.Handle("POST /messages/next", q.i.Counted(q.pop))
	mux.Handle("POST /messages/{receipt}/acknowledge", q.i.Counted(q.acknowledge))
	mux.Handle("POST /messages/{receipt}/return", q.i.Counted(q.giveBack))
}

// pop answers 200 with a message's id, key and receipt, or 204 where none came in time.
func (q *queue) pop(w http.ResponseWriter, r *http.Request, c host.Trace) {
	if status, fails := q.i.InjectedError(c); fails {
		q.i.Refuse(w, status, "injected error")
		return
	}
	if q.i.Slow(r.Context()) != nil {
		return
	}
	wait, err := time.ParseDuration(cmp.Or(r.Header.Get(wire.HeaderWait), "0s"))
	if err != nil {
		q.i.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	m, receipt, err := q.await(r.Context(), wait)
	switch {
	case err != nil:
		q.i.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	case m == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h := w.Header()
	h.Set(wire.HeaderWrite, m.id)
	h.Set(wire.HeaderMessageKey, url.PathEscape(m.key))
	if receipt != "" {
		h.Set(wire.HeaderReceipt, receipt)
	}
	if _, take, _ := strings.Cut(receipt, "."); take != "" && take != "1" {
		h.Set(wire.HeaderRetried, "1")
	}
	w.WriteHeader(http.StatusOK)
}

// await waits for a message for so long; nil: none came, or who asks has left.
func (q *queue) await(ctx context.Context, wait time.Duration) (*message, string, error) {
	w := &waiter{once: wait <= 0, gets: make(chan given, 1)}
	q.mu.Lock()
	q.popping.waiters = append(q.popping.waiters, w)
	q.ring()
	q.mu.Unlock()
	var over <-chan time.Time
	if wait > 0 {
		rings, stop := q.i.After(wait)
		defer stop()
		over = rings
	}
	got := given{}
	select {
	case got = <-w.gets:
	case <-over:
		got = q.leaves(w)
	case <-ctx.Done():
		if got = q.leaves(w); got.m != nil && got.receipt != "" {
			q.mu.Lock()
			got.m.popped-- // nobody tried it
			q.backInLine(got.m.number)
			q.mu.Unlock()
			got.m = nil
		}
	}
	q.i.CPU.Await()
	if got.m != nil && got.receipt == "" {
		return got.m, "", q.writeDown(got.m)
	}
	return got.m, got.receipt, nil
}

// leaves takes a waiter out of the line; what it was given in the same moment is its.
func (q *queue) leaves(w *waiter) (got given) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.popping.waiters = slices.DeleteFunc(q.popping.waiters, func(other *waiter) bool { return other == w })
	select {
	case got = <-w.gets:
	default:
	}
	return got
}

// give gives messages to those who wait, in order and one after the other, until ctx ends.
func (q *queue) give(ctx context.Context) {
	for {
		more, next, over := q.giveOne(time.Now())
		for _, m := range over {
			_ = q.writeDown(m) // it is counted
		}
		if more {
			q.i.InTurn(1) // two that wait do not go on at once
			continue
		}
		back, stop := (<-chan time.Time)(nil), func() {}
		if !next.IsZero() {
			back, stop = q.i.After(time.Until(next))
		}
		select {
		case <-q.arrived:
		case <-back:
		case <-ctx.Done():
			stop()
			return
		}
		stop()
		q.i.CPU.Await()
	}
}

// giveOne serves the first who can be served; more: there was one. next is when a message that somebody has may come back, zero: nobody has one. over
// are those that are not tried any more.
func (q *queue) giveOne(now time.Time) (more bool, next time.Time, over []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var back []uint64
	for number, until := range q.popping.held {
		if !now.Before(until) {
			back = append(back, number)
		} else if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	slices.Sort(back)
	for _, number := range back {
		if m := q.backInLine(number); m != nil {
			over = append(over, m)
		}
	}
	serves := slices.IndexFunc(q.popping.waiters, func(w *waiter) bool { return w.once || len(q.waiting) > 0 })
	if serves < 0 {
		return false, next, over
	}
	m := q.first()
	if ttl := q.dispatcher.now.Load().until.TTL; m != nil && ttl > 0 && m.age() > ttl {
		q.dispatcher.meets(m, expired)
		return true, next, append(over, m)
	}
	w := q.popping.waiters[serves]
	q.popping.waiters = slices.Delete(q.popping.waiters, serves, serves+1)
	w.gets <- q.handOver(m, now)
	return true, next, over
}

// handOver is a message as somebody gets it; nil: there is none. q.mu is held.
func (q *queue) handOver(m *message, now time.Time) given {
	if m == nil {
		return given{}
	}
	if m.popped++; m.popped > 1 {
		q.dispatcher.redelivered.Add(1)
		redeliveredTotal.In(q.i.Metrics).Add(1)
	}
	if q.popping.atMostOnce {
		q.dispatcher.meets(m, delivered)
		return given{m: m}
	}
	q.popping.held[m.number] = now.Add(q.popping.ackWithin)
	return given{m, receiptOf(m)}
}

// receiptOf is what the message is acknowledged with by who has it now.
func receiptOf(m *message) string {
	return strconv.FormatUint(m.number, 10) + "." + strconv.Itoa(m.popped)
}

// backInLine puts a message that somebody had where its number is, or returns it where it was tried often enough. q.mu is held.
func (q *queue) backInLine(number uint64) (over *message) {
	delete(q.popping.held, number)
	m := q.unsettled[number]
	if m == nil {
		return nil
	}
	if most := q.dispatcher.now.Load().until.Redeliver; most > 0 && m.popped > most {
		q.dispatcher.meets(m, dead)
		return m
	}
	at, _ := slices.BinarySearchFunc(q.waiting, number, func(w *message, n uint64) int { return cmp.Compare(w.number, n) })
	q.waiting = slices.Insert(q.waiting, at, m)
	q.ring()
	return nil
}

// release takes a message from who has it, by the receipt; nil: the receipt is over, and somebody else may have it.
func (q *queue) release(receipt string) *message {
	number, err := strconv.ParseUint(strings.SplitN(receipt, ".", 2)[0], 10, 64)
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.unsettled[number]
	if _, has := q.popping.held[number]; err != nil || !has || m == nil || receiptOf(m) != receipt {
		return nil
	}
	delete(q.popping.held, number)
	return m
}

// acknowledge answers 204 when it is on disk that a message is done with.
func (q *queue) acknowledge(w http.ResponseWriter, r *http.Request, _ host.Trace) {
	m := q.release(r.PathValue("receipt"))
	if m == nil {
		q.i.Refuse(w, http.StatusNotFound, "nobody has a message by this receipt")
		return
	}
	q.dispatcher.meets(m, delivered)
	if err := q.writeDown(m); err != nil {
		q.i.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// giveBack answers 204 when a message is in line again, or given up.
func (q *queue) giveBack(w http.ResponseWriter, r *http.Request, _ host.Trace) {
	m := q.release(r.PathValue("receipt"))
	if m == nil {
		q.i.Refuse(w, http.StatusNotFound, "nobody has a message by this receipt")
		return
	}
	q.mu.Lock()
	over := q.backInLine(m.number)
	q.mu.Unlock()
	if over != nil {
		_ = q.writeDown(over) // it is counted
	}
	w.WriteHeader(http.StatusNoContent)
}
