package broker

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/scenarios"
)

// deliveries is how many messages of a queue are on their way at once where the node sets no workers.
const deliveries = 8

// newestFirst is the order of a queue whose newest message is next.
const newestFirst = "newest"

// recordSettled is the journal's record of a message that is not to be delivered any more: its number.
const recordSettled = 's'

// queue takes messages, keeps them on disk, and delivers each at least once: an acknowledged message
// is tried until its courier says that it is enough, in the process that took it or, after a crash, in the
// next. One without a receiver delivers nothing: its messages are popped. Deliveries begin in order of arrival, a bounded number at once.
type queue struct {
	i          *host.Instance
	ingress    *ingress
	journal    *journal.Journal
	dispatcher *dispatcher

	mu        sync.Mutex
	newest    bool                // the newest message is next
	unsettled map[uint64]*message // accepted, not yet delivered
	oldest    uint64              // no message before it is unsettled
	last      uint64              // number of the last message, counted from 1
	waiting   []*message          // in order of arrival
	arrived   chan struct{}       // holds 1: there may be something to deliver
	replaying bool
	popping   popping
}

var _ host.Role = (*queue)(nil)

func NewQueue(i *host.Instance) (host.Role, error) {
	n := &i.Config.Node
	receiver := scenarios.PopReceiver
	if n.To != nil {
		receiver = n.To.Node
	}
	carrier, err := newCarrier(i)
	if err != nil {
		return nil, err
	}
	q := &queue{
		newest: n.Order == newestFirst,
		i:      i, ingress: newIngress(i), dispatcher: carrier, unsettled: make(map[uint64]*message), oldest: 1,
		arrived: make(chan struct{}, 1), replaying: true, popping: poppingOf(n),
	}
	if q.journal, err = journal.Open(i.Disk, "messages.journal", i.Metrics, q.apply); err != nil {
		return nil, err
	}
	q.ingress.journal = q.journal
	q.replayed()
	i.Metrics.Tell(carrier.series(receiver, q.lag))
	i.Metrics.TellWaits(waitsOf(map[string]*dispatcher{receiver: carrier}))
	return q, nil
}

// newCarrier is who brings a queue's messages to its receiver, or counts what becomes of those that are popped.
func newCarrier(i *host.Instance) (*dispatcher, error) {
	n := &i.Config.Node
	if n.To != nil {
		return newDispatcher(i, "", n.To, n.Redelivery, n.Policy)
	}
	d := &dispatcher{i: i}
	d.now.Store(&terms{until: n.Redelivery})
	return d, nil
}

var _ host.Reconfigurable = (*queue)(nil)

// Reconfigure is for the next attempt of every message, and for who is next.
func (q *queue) Reconfigure(next *host.Instance) error {
	n := &next.Config.Node
	now := &terms{until: n.Redelivery}
	if n.To != nil {
		var err error
		if now, err = newTerms(next, n.To, n.Redelivery, []scenarios.Policy{n.Policy}); err != nil {
			return err
		}
	}
	q.dispatcher.now.Store(now)
	q.ingress.most.Store(int64(n.Most))
	q.mu.Lock()
	defer q.mu.Unlock()
	q.newest = n.Order == newestFirst
	q.popping.promises(n)
	return nil
}

func (q *queue) Close() error { return q.journal.Close() }

// apply takes one journal record: a message gets its number from its place in the journal.
func (q *queue) apply(record []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch record[0] {
	case recordMessage:
		m := readMessage(record[1:])
		q.last++
		m.number = q.last
		q.unsettled[m.number] = m
		backlog.In(q.i.Metrics).Add(1)
		q.ingress.took(m, q.replaying)
		if !q.replaying {
			q.line(m, time.Now())
			q.ring()
		}
	case recordSettled:
		text, _ := journal.TakeField(record[1:])
		number, err := strconv.ParseUint(text, 10, 64)
		if m := q.unsettled[number]; err == nil && m != nil {
			if !q.replaying {
				q.dispatcher.leave(m)
			}
			delete(q.unsettled, number)
			backlog.In(q.i.Metrics).Add(-1)
		}
	}
}

// replayed puts what is left after a replay in line, in order.
func (q *queue) replayed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.replaying = false
	now := time.Now()
	for number := uint64(1); number <= q.last; number++ {
		if m := q.unsettled[number]; m != nil {
			q.line(m, now)
		}
	}
	q.ring()
}

// line puts a message that is on disk at the end of the line. q.mu is held.
func (q *queue) line(m *message, at time.Time) {
	m.entered = at
	q.dispatcher.waits.Enter(at)
	q.waiting = append(q.waiting, m)
}

// ring wakes the deliverer. q.mu is held.
func (q *queue) ring() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// lag is how many messages are not settled, and when the first of them came.
func (q *queue) lag() (messages int, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ; q.oldest <= q.last; q.oldest++ {
		if m := q.unsettled[q.oldest]; m != nil {
			return len(q.unsettled), m.since
		}
	}
	return 0, time.Time{}
}

// Serve takes messages and delivers them until ctx ends. What is on its way then is given up, to be
// delivered again by the next start.
func (q *queue) Serve(ctx context.Context, l net.Listener) error {
	if q.i.Config.Node.To == nil {
		return q.i.ServeBeside(ctx, l, q.ingress.handler(q.popped), q.give)
	}
	return q.i.ServeBeside(ctx, l, q.ingress.handler(), q.run)
}

// run starts deliveries in order of arrival, a bounded number at once, until ctx ends.
func (q *queue) run(ctx context.Context) {
	atOnce := q.i.Config.Node.Workers
	if atOnce <= 0 {
		atOnce = deliveries
	}
	slots := make(chan struct{}, atOnce)
	var underWay sync.WaitGroup
	defer underWay.Wait()
	for last := time.Now(); ; last = time.Now() {
		if !time.Now().After(last) {
			q.i.InTurn(1) // two that wait do not set out at once
		}
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
		m := q.first()
		q.mu.Unlock()
		if m != nil {
			return m
		}
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return nil
		}
	}
}

// first takes the next message out of the line; nil: it is empty. q.mu is held.
func (q *queue) first() *message {
	if len(q.waiting) == 0 {
		return nil
	}
	n := 0
	if q.newest {
		n = len(q.waiting) - 1
	}
	m := q.waiting[n]
	q.waiting[n] = nil
	if n == 0 {
		q.waiting = q.waiting[1:]
	} else {
		q.waiting = q.waiting[:n]
	}
	return m
}

// settle delivers one message, however many attempts that takes, and writes down that it is not to be delivered any
// more. If that fails the message is delivered once more after the next start.
func (q *queue) settle(ctx context.Context, m *message) {
	if q.dispatcher.carry(ctx, m) {
		_ = q.writeDown(m) // it is counted
	}
}

// writeDown has it on disk that a message has met its fate.
func (q *queue) writeDown(m *message) error {
	err := q.journal.Append(journal.AppendField([]byte{recordSettled}, strconv.FormatUint(m.number, 10)))
	if err != nil {
		host.ErrorsTotal.In(q.i.Metrics).Add(1)
	}
	return err
}
