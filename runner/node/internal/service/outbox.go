package service

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	outboxBacklog = host.NewGauge("squall_outbox_backlog",
		"Events in the outbox when it was last looked into, by the instance that publishes them; 0 for others.")
	publishedTotal   = host.NewCounter("squall_published_total", "Events of an outbox that their queue has acknowledged.")
	republishedTotal = host.NewCounter("squall_republished_total",
		"Attempts to publish an event that this instance had tried to publish before.")
)

// The transactional outbox: a row and its event are written in one statement, into one database, and so both are there
// or neither, wherever the service crashes. A relay in the service publishes what is in the outbox, in the order of its
// numbers and each at least once: it takes an event out when the queue has acknowledged it, and who crashes between the
// two publishes it again. It speaks plain SQL, so that a real PostgreSQL does as well as the built-in database.
//
// Of a service's instances one publishes at a time, by a lease in the database: so the order holds with several, and
// when that one is gone another goes on after leaseTime. Two may publish for a moment where clocks or pauses are long:
// events are then published twice, never lost.
//
// An event has its row's key, so that a stream keeps the events of a key in the order of its rows.
const (
	sqlLease     = `INSERT INTO squall_relays (name, owner, until) VALUES ($1, $2, now() + interval '5 seconds') ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE squall_relays.owner = excluded.owner OR squall_relays.until < now()`
	sqlOutbox    = `SELECT seq, id, key, queue, request, once, count(*) OVER () FROM squall_outbox WHERE service = $1 ORDER BY seq LIMIT 100`
	sqlPublished = `DELETE FROM squall_outbox WHERE seq = ANY($1)`

	leaseTime = 5 * time.Second
	// relayPause is how often, on average, the outbox is looked into where nobody rings. Pauses differ, so that instances
	// that began together don't ask together ever after.
	relayPause = 100 * time.Millisecond
	// gathering is how long after a ring the outbox is looked into: what is written meanwhile is read with it.
	gathering = time.Millisecond
	// outboxBatch is how many events are read at once, as sqlOutbox says.
	outboxBatch = 100
)

// written is what a write is besides a write.
type written struct {
	scenarios.Outbox
	about      string // what it is about, as its step says
	idempotent bool
	// events is the queue that the row's event goes to, from the outbox or by a later step; "" for none.
	events string
}

// rowID is writeID; a row that has an event says so in its id, and the event finds it in the visit.
func (v *request) rowID(step, database, events string) string {
	id := v.writeID(step)
	if events == "" {
		return id
	}
	id += scenarios.EventMark + events
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rows == nil {
		v.rows = make(map[string]string)
	}
	v.rows[database] = id
	return id
}

// messageID is writeID, or the id of the row that the message is the event of.
func (v *request) messageID(step, of string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if id := v.rows[of]; of != "" && id != "" {
		return id
	}
	return v.writeID(step)
}

// relays are one database's: one for each of its instances.
type relays struct {
	s      *service
	queues map[string]*call.Executor
	each   []*relay
}

// relay publishes what is in one database instance's outbox.
type relay struct {
	of   *relays
	to   *call.Replica
	wake chan struct{} // holds 1: there may be something to publish
	// held is when the lease was last taken; the zero time: it is not held. Only run uses it.
	held time.Time
	// tried is the number of the last event that was tried, pauses counts pauses. Only run uses them.
	tried, pauses int64
}

// outboxed is what publishes the events of one step's rows; nil: they have no outbox.
type outboxed struct {
	of    *relays
	queue string
}

// publish makes a database's relays ready for one step's queue.
func (s *service) publish(database string, w written) (*outboxed, error) {
	if w.Outbox.Outbox == "" {
		return nil, nil
	}
	s.stores.Outbox = true
	r := s.relays[database]
	if r == nil {
		r = &relays{s: s, queues: make(map[string]*call.Executor)}
		for _, to := range call.CalleeOf(s.i, database).Replicas {
			r.each = append(r.each, &relay{of: r, to: to, wake: make(chan struct{}, 1)})
		}
		s.relays[database] = r
	}
	if r.queues[w.Outbox.Outbox] == nil {
		// Retries are the relay's own affair: they never end.
		g, err := call.New(s.i, w.Outbox.Outbox, scenarios.Policy{Timeout: call.DeliveryTimeout})
		if err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
		r.queues[w.Outbox.Outbox] = g
	}
	return &outboxed{r, w.Outbox.Outbox}, nil
}

// event is that of a row which a visit writes.
func (o *outboxed) event(v *request, once bool) *store.Event {
	if o == nil {
		return nil
	}
	e := &store.Event{Service: o.of.s.i.Config.Node.Name, Queue: o.queue, Request: v.Trace.Request}
	if once {
		e.Once = "once"
	}
	return e
}

// ring tells the relays that there is something to publish.
func (o *outboxed) ring() {
	if o == nil {
		return
	}
	for _, r := range o.of.each {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// relaying is an instance's relays at work.
type relaying struct{ stop func() }

// relaying starts the service's relays, in the place of those before its configuration changed.
func (s *service) relaying() *relaying {
	kept := host.Retain(s.i, func() *relaying { return &relaying{} })
	if kept.stop == nil {
		kept.stop = s.relay()
		return kept
	}
	s.i.OnCommit(func() {
		kept.stop()
		kept.stop = s.relay()
	})
	return kept
}

// relay starts the service's relays; stop returns when they have ended.
func (s *service) relay() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, of := range s.relays {
		for _, r := range of.each {
			running.Go(func() { r.run(ctx) })
		}
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// run publishes until ctx ends.
func (r *relay) run(ctx context.Context) {
	r.of.s.i.Sleep(ctx, r.next()) //nolint:errcheck // the loop looks at ctx
	for ctx.Err() == nil {
		more, err := r.round(ctx)
		if err == nil && more {
			continue
		}
		r.pause(ctx, err != nil)
	}
}

// next is how long the next pause is to be: between half of relayPause and half as much again.
func (r *relay) next() time.Duration {
	r.pauses++
	i := r.of.s.i
	chance := i.Chance(host.Trace{Request: "relay " + r.to.Instance + " " + strconv.FormatInt(r.pauses, 10)}, i.Config.Instance)
	return relayPause/2 + time.Duration(chance.Float64()*float64(relayPause))
}

// pause waits until the outbox is to be looked into again: when somebody rings, but not so after a failure.
func (r *relay) pause(ctx context.Context, failed bool) {
	i, d := r.of.s.i, r.next()
	if failed || r.held.IsZero() {
		i.Sleep(ctx, d) //nolint:errcheck // the caller looks at ctx
		return
	}
	rings, stop := i.After(d)
	defer stop()
	select {
	case <-r.wake:
		i.Sleep(ctx, gathering) //nolint:errcheck // the caller looks at ctx
		select {
		case <-r.wake:
		default:
		}
	case <-rings:
	case <-ctx.Done():
	}
	i.CPU.Await()
}

// round publishes a batch, and takes out of the outbox what was published; more: there is a further one.
func (r *relay) round(ctx context.Context) (more bool, err error) {
	bounded, cancel := r.of.s.i.WithTimeout(ctx, call.DeliveryTimeout)
	defer cancel()
	if ours, err := r.lease(bounded); err != nil || !ours {
		return false, err
	}
	batch, backlog, err := r.read(bounded)
	if err != nil {
		return false, err
	}
	m := r.of.s.i.Metrics
	outboxBacklog.In(m).Store(backlog)
	var published []int64
	for _, e := range batch {
		if !r.deliver(ctx, e) {
			break
		}
		published = append(published, e.seq)
	}
	if len(published) == 0 {
		return false, ctx.Err()
	}
	done, stop := r.of.s.i.WithTimeout(ctx, call.DeliveryTimeout)
	defer stop()
	err = r.of.s.stores.With(done, r.to, func(st *store.Store) error {
		_, err := st.Pool.Exec(done, sqlPublished, published)
		return err
	})
	if err == nil {
		outboxBacklog.In(m).Add(-int64(len(published)))
	}
	return len(batch) == outboxBatch, err
}

// lease tells whether this instance is the one that publishes, which it is for leaseTime from when it last asked.
func (r *relay) lease(ctx context.Context) (ours bool, err error) {
	if !r.held.IsZero() && time.Since(r.held) < leaseTime/2 {
		return true, nil
	}
	i, asked := r.of.s.i, time.Now()
	err = r.of.s.stores.With(ctx, r.to, func(st *store.Store) error {
		tag, err := st.Pool.Exec(ctx, sqlLease, i.Config.Node.Name, i.Config.Instance)
		ours = err == nil && tag.RowsAffected() == 1
		return err
	})
	if ours {
		r.held = asked
	} else {
		r.held = time.Time{}
		outboxBacklog.In(i.Metrics).Store(0)
	}
	return ours, err
}

// entry is an event in an outbox.
type entry struct {
	seq                           int64
	id, key, queue, request, once string
}

// read is the first events, and how many there are in all.
func (r *relay) read(ctx context.Context) (batch []entry, backlog int64, err error) {
	err = r.of.s.stores.With(ctx, r.to, func(st *store.Store) error {
		rows, err := st.Pool.Query(ctx, sqlOutbox, r.of.s.i.Config.Node.Name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e entry
			if err := rows.Scan(&e.seq, &e.id, &e.key, &e.queue, &e.request, &e.once, &backlog); err != nil {
				return err
			}
			batch = append(batch, e)
		}
		return rows.Err()
	})
	return batch, backlog, err
}

// deliver publishes one event, however many attempts that takes; false: it is not published, since the relay ends or is
// not the one that publishes any more.
func (r *relay) deliver(ctx context.Context, e entry) bool {
	i := r.of.s.i
	g := r.of.queues[e.queue]
	if g == nil { // of an earlier life with other steps; nobody here knows the queue
		return false
	}
	header := http.Header{wire.HeaderWrite: {e.id}, wire.HeaderMessageKey: {url.PathEscape(e.key)}}
	if e.once != "" {
		header.Set(wire.HeaderIdempotency, e.id)
	}
	c := host.Trace{Request: e.request}.Step("event " + e.id)
	published := false
	call.Repeat(i, ctx, c, func(n int) (backOff *scenarios.Retry, after time.Duration) { //nolint:errcheck // then it is not published
		if n > 1 {
			if ours, err := r.lease(ctx); err != nil || !ours {
				return nil, 0
			}
		}
		if e.seq <= r.tried {
			republishedTotal.In(i.Metrics).Add(1)
		}
		r.tried = max(r.tried, e.seq)
		_, f := g.Send(ctx, c.Attempt(n), call.Request{Method: http.MethodPost, Path: "/messages", Header: header})
		if f != nil {
			return call.WithoutEnd, 0
		}
		publishedTotal.In(i.Metrics).Add(1)
		published = true
		return nil, 0
	})
	return published
}
