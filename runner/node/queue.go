package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Defaults of a queue's deliveries.
const (
	// deliveries is how many messages are on their way at once where the node sets no workers.
	deliveries = 8
	// deliveryTimeout bounds one attempt where the node sets no timeout.
	deliveryTimeout = 10 * time.Second
	// firstBackoff doubles up to lastBackoff between attempts where the node sets no retry.
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// The records of a queue's journal: a letter, then fields.
const (
	recordMessage = 'm' // id, request, retried (1 or empty), body
	recordSettled = 's' // the message's number
)

// queue takes messages, keeps them on disk, and delivers each at least once: an acknowledged message
// is tried until the receiver answers below 400 (or redeliver and ttl say that it is enough), in the process that took it or, after a crash, in the
// next. Deliveries begin in order of arrival, a bounded number at once. A receiver that answers 4xx
// (but 408 and 429) has refused the message: it is dead, kept and counted, and not tried again.
type queue struct {
	i       *instance
	journal *journal
	now     atomic.Pointer[queueTerms]
	turns   turns // of idempotent messages, by their ids

	mu        sync.Mutex
	counts    map[string]int      // how often each id was accepted
	unsettled map[uint64]*message // accepted, not yet delivered
	last      uint64              // number of the last message, counted from 1
	waiting   []*message          // in order of arrival
	delivered int64
	arrived   chan struct{} // holds 1: there may be something to deliver
	replaying bool
}

// message is one accepted message.
type message struct {
	number uint64
	since  time.Time // when it came, or when it was found in the journal
	id     string
	cause  cause
	body   string
}

var _ role = (*queue)(nil)

func newQueue(i *instance) (role, error) {
	terms, err := newQueueTerms(i)
	if err != nil {
		return nil, err
	}
	q := &queue{
		i: i, counts: make(map[string]int), unsettled: make(map[uint64]*message),
		arrived: make(chan struct{}, 1), replaying: true,
	}
	q.now.Store(terms)
	if q.journal, err = openJournalOn(i.disk, "messages.journal", i.metrics, q.apply); err != nil {
		return nil, err
	}
	q.replayed()
	return q, nil
}

// queueTerms is what a queue is configured to, and how it delivers.
type queueTerms struct {
	node    *scenarios.Node
	deliver *guard
}

func newQueueTerms(i *instance) (*queueTerms, error) {
	n := &i.config.Node
	if n.To == nil {
		return nil, errors.New("deliver to: no receiver given")
	}
	// Retries are the queue's own affair: they never end. Each attempt is a call of one attempt.
	policy := n.Policy
	if policy.Timeout == 0 {
		policy.Timeout = deliveryTimeout
	}
	policy.Retry = nil
	g, err := i.newGuard(n.To.Node, policy)
	if err != nil {
		return nil, fmt.Errorf("deliver to: %w", err)
	}
	return &queueTerms{n, g}, nil
}

var _ changeable = (*queue)(nil)

// change is for the next attempt of every message, and for who is next.
func (q *queue) change(next *instance) error {
	terms, err := newQueueTerms(next)
	if err != nil {
		return err
	}
	q.now.Store(terms)
	return nil
}

func (q *queue) node() *scenarios.Node { return q.now.Load().node }

func (q *queue) close() error { return q.journal.close() }

// apply takes one journal record: a message gets its number from its place in the journal.
func (q *queue) apply(record []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch record[0] {
	case recordMessage:
		m := readMessage(record[1:])
		q.last++
		m.number, m.since = q.last, time.Now()
		q.counts[m.id]++
		q.unsettled[m.number] = m
		q.i.metrics.backlog.Add(1)
		if !q.replaying {
			q.waiting = append(q.waiting, m)
			q.ring()
		}
	case recordSettled:
		text, _ := takeField(record[1:])
		number, err := strconv.ParseUint(text, 10, 64)
		if err == nil && q.unsettled[number] != nil {
			delete(q.unsettled, number)
			q.i.metrics.backlog.Add(-1)
		}
	}
}

// replayed puts what is left after a replay in line, in order.
func (q *queue) replayed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.replaying = false
	for number := uint64(1); number <= q.last; number++ {
		if m := q.unsettled[number]; m != nil {
			q.waiting = append(q.waiting, m)
		}
	}
	q.ring()
}

// ring wakes the deliverer. q.mu is held.
func (q *queue) ring() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

func (m *message) record() []byte {
	retried := ""
	if m.cause.retried {
		retried = "1"
	}
	b := []byte{recordMessage}
	for _, f := range []string{m.id, m.cause.request, retried, m.body} {
		b = appendField(b, f)
	}
	return b
}

func readMessage(b []byte) *message {
	m := &message{}
	var retried string
	m.id, b = takeField(b)
	m.cause.request, b = takeField(b)
	retried, b = takeField(b)
	m.body, _ = takeField(b)
	m.cause.retried = retried == "1"
	return m
}

// serve takes messages and delivers them until ctx ends. What is on its way then is given up, to be
// delivered again by the next start.
func (q *queue) serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("POST /messages", q.i.counted(q.accept))
	mux.HandleFunc("GET /writes", q.readBack)
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { q.run(delivering) })
	err := (&httpRole{i: q.i, handler: mux}).serve(ctx, l)
	stop()
	running.Wait()
	return err
}

// accept takes one message, at most 1 MiB long; 202 means that it is on disk.
func (q *queue) accept(w http.ResponseWriter, r *http.Request, c cause) {
	if status, fails := q.i.errs(c); fails {
		q.i.refuse(w, status, "injected error")
		return
	}
	if err := q.i.slow(r.Context()); err != nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		q.i.refuse(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	}
	m := &message{id: r.Header.Get(HeaderWrite), cause: c, body: string(body)}
	if m.id == "" {
		m.id = c.request
	}
	leave, repeated, err := q.repeated(r, m.id)
	if err != nil {
		return
	}
	defer leave()
	if !repeated {
		if err := q.journal.append(m.record()); err != nil {
			q.i.refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		q.i.metrics.messages.Add(1)
		q.i.metrics.writes.Add(1)
	}
	w.Header().Set(HeaderWrote, q.i.config.Node.Name+"/"+m.id)
	w.WriteHeader(http.StatusAccepted)
}

// repeated tells whether a message with an idempotency key is here already. Nobody else takes one of its id until leave.
func (q *queue) repeated(r *http.Request, id string) (leave func(), there bool, err error) {
	if r.Header.Get(HeaderIdempotency) == "" {
		return func() {}, false, nil
	}
	if leave, err = q.turns.take(r.Context(), id); err != nil {
		return nil, false, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if there = q.counts[id] > 0; there {
		q.i.metrics.repeated.Add(1)
	}
	return leave, there, nil
}

// QueueWrites is what GET /writes answers on a queue's serving address.
type QueueWrites struct {
	// Writes is how often each id was accepted, delivered or not.
	Writes map[string]int `json:"writes"`
	// Backlog is how many messages wait for their delivery, Delivered how many have had it since the start.
	Backlog   int   `json:"backlog"`
	Delivered int64 `json:"delivered"`
}

func (q *queue) readBack(w http.ResponseWriter, _ *http.Request) {
	q.mu.Lock()
	out := QueueWrites{Writes: maps.Clone(q.counts), Backlog: len(q.unsettled), Delivered: q.delivered}
	q.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out) //nolint:errcheck // the reader left
}

// run starts deliveries in order of arrival, a bounded number at once, until ctx ends.
func (q *queue) run(ctx context.Context) {
	atOnce := q.i.config.Node.Workers
	if atOnce <= 0 {
		atOnce = deliveries
	}
	slots := make(chan struct{}, atOnce)
	var underWay sync.WaitGroup
	defer underWay.Wait()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		m := q.next(ctx)
		if m == nil {
			return
		}
		underWay.Go(func() {
			defer func() { <-slots }()
			q.settle(ctx, m)
		})
	}
}

// next waits for the first message in line; nil when ctx ends.
func (q *queue) next(ctx context.Context) *message {
	for {
		q.mu.Lock()
		if len(q.waiting) > 0 {
			n := 0
			if q.node().Order == "newest" {
				n = len(q.waiting) - 1
			}
			m := q.waiting[n]
			q.waiting[n] = nil
			if n == 0 {
				q.waiting = q.waiting[1:]
			} else {
				q.waiting = q.waiting[:n]
			}
			q.mu.Unlock()
			return m
		}
		q.mu.Unlock()
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return nil
		}
	}
}

// settle delivers one message, however many attempts that takes, and notes that on disk.
func (q *queue) settle(ctx context.Context, m *message) {
	var wait time.Duration
	for n := 1; ; n++ {
		retry := q.backoff()
		most, ttl := q.node().Redeliver, q.node().TTL
		if ttl > 0 && time.Since(m.since) > ttl {
			q.i.metrics.expired.Add(1)
			q.end(m)
			return
		}
		if n > 1 {
			q.i.metrics.redelivered.Add(1)
		}
		f := q.attempt(ctx, m, n)
		if f == nil || f.ending == declined || most > 0 && n > most && ctx.Err() == nil {
			q.note(m, f)
			return
		}
		wait = backoff(retry, min(n, 40)+1, wait, q.i.chance(m.why().attempt(n+1), "backoff"))
		if q.i.sleep(ctx, wait) != nil {
			return
		}
	}
}

// attempt makes the nth delivery; the receiver sees a retry's headers from the second on.
func (q *queue) attempt(ctx context.Context, m *message, n int) *failure {
	now := q.now.Load()
	to := now.node.To
	return now.deliver.once(ctx, m.why().attempt(n), n, func(ctx context.Context, r *replica, c cause, n int) outcome {
		_, f := now.deliver.sendOnce(ctx, r, c, n, call{method: to.Method, path: to.Path, header: http.Header{HeaderWrite: {m.id}}, body: m.reader})
		return outcome{f: f}
	})
}

// note makes a delivery (or a death) durable. If that fails the message is delivered once more after the next start.
func (q *queue) note(m *message, f *failure) {
	if f != nil {
		q.i.metrics.dead.Add(1)
	} else {
		q.i.metrics.delivered.Add(1)
		q.mu.Lock()
		q.delivered++
		q.mu.Unlock()
	}
	q.end(m)
}

// end writes down that a message is not to be delivered any more.
func (q *queue) end(m *message) {
	record := appendField([]byte{recordSettled}, strconv.FormatUint(m.number, 10))
	if err := q.journal.append(record); err != nil {
		q.i.metrics.errors.Add(1)
	}
}

// why is what a delivery's chance and its receiver's writes come from: the message.
func (m *message) why() cause {
	return m.cause.step("message " + m.id)
}

func (m *message) reader() io.Reader { return strings.NewReader(m.body) }

// backoff is the node's own retry policy, of which the number of attempts is ignored.
func (q *queue) backoff() *scenarios.Retry {
	if r := q.node().Policy.Retry; r != nil && r.Backoff > 0 {
		return r
	}
	return &scenarios.Retry{Backoff: firstBackoff, Most: lastBackoff, Jitter: "equal"}
}
