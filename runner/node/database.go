package node

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/scenarios"
)

// defaultConnections is PostgreSQL's own max_connections.
const defaultConnections = 100

// database is the built-in database: one table of writes in memory, a journal on disk, PostgreSQL's
// wire protocol in front. A write is acknowledged once its journal record is synced.
type database struct {
	i       *instance
	journal *journal
	// now is the node as it is configured; workers in it are nil for as many statements at once as there are.
	now atomic.Pointer[databaseTerms]

	mu     sync.RWMutex
	counts map[string]int    // how often a write's id is there
	latest map[string]string // the id of the latest write of a key

	locks rowLocks
	turns turns // of idempotent writes, by their ids

	sessionsMu sync.Mutex
	sessions   map[uint32]*session
	lastPID    uint32
	draining   bool
	live       sync.WaitGroup
}

var _ role = (*database)(nil)

func newDatabase(i *instance) (role, error) {
	d := &database{
		locks:  rowLocks{metrics: i.metrics},
		i:      i,
		counts: make(map[string]int), latest: make(map[string]string), sessions: make(map[uint32]*session),
	}
	d.now.Store(d.terms(&i.config.Node))
	var err error
	d.journal, err = openJournalOn(i.disk, "writes.journal", i.metrics, d.apply)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// databaseTerms is what a database is configured to.
type databaseTerms struct {
	node        *scenarios.Node
	connections int
	workers     *workers
}

// terms are those of a node, with the workers that there are.
func (d *database) terms(n *scenarios.Node) *databaseTerms {
	t := &databaseTerms{node: n, connections: n.Connections}
	if t.connections <= 0 {
		t.connections = defaultConnections
	}
	if n.Workers > 0 {
		if was := d.now.Load(); was != nil && was.workers != nil {
			t.workers = was.workers
			t.workers.resize(n)
		} else {
			t.workers = newWorkers(n, d.i.metrics)
		}
	}
	return t
}

var _ changeable = (*database)(nil)

// change is for the next statement, and the next connection: open ones stay, as many as they are and whoever they are.
func (d *database) change(next *instance) error {
	d.now.Store(d.terms(&next.config.Node))
	return nil
}

func (d *database) node() *scenarios.Node { return d.now.Load().node }

func (d *database) close() error { return d.journal.close() }

// apply puts a journal record (id, key) into the table.
func (d *database) apply(record []byte) {
	id, rest := takeField(record)
	key, _ := takeField(rest)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[id]++
	d.latest[key] = id
}

// write is durable when it returns nil.
func (d *database) write(ctx context.Context, id, key, node, why string) *pgproto3.ErrorResponse {
	c := cause{request: why}
	if d.node().RowLocks {
		unlock, err := d.locks.take(ctx, key)
		if err != nil {
			return sqlError("57014", "canceling statement due to user request")
		}
		defer unlock()
	}
	if err := d.endure(ctx, c, draw(d.node().WriteTime, d.i.chance(c, "write"))); err != nil {
		return err
	}
	record := appendField(nil, id)
	record = appendField(record, key)
	record = appendField(record, node)
	record = appendField(record, time.Now().UTC().Format(time.RFC3339Nano))
	if err := d.journal.append(record); err != nil {
		return sqlError("58030", err.Error())
	}
	d.i.metrics.writes.Add(1)
	return nil
}

// writeOnce is write, unless a write of this id is there already; fresh tells that there was none.
func (d *database) writeOnce(ctx context.Context, id, key, node, why string) (fresh bool, _ *pgproto3.ErrorResponse) {
	leave, err := d.turns.take(ctx, id)
	if err != nil {
		return false, sqlError("57014", "canceling statement due to user request")
	}
	defer leave()
	d.mu.RLock()
	there := d.counts[id] > 0
	d.mu.RUnlock()
	if there {
		d.i.metrics.repeated.Add(1)
		c := cause{request: why}
		return false, d.endure(ctx, c, draw(d.node().WriteTime, d.i.chance(c, "write")))
	}
	return true, d.write(ctx, id, key, node, why)
}

// read finds the latest write of a key; the query costs so much besides what every read does.
func (d *database) read(ctx context.Context, key, why string, cost time.Duration) (id string, found bool, _ *pgproto3.ErrorResponse) {
	d.i.metrics.reads.Add(1)
	c := cause{request: why}
	if err := d.endure(ctx, c, cost+draw(d.node().ReadTime, d.i.chance(c, "read"))); err != nil {
		return "", false, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, found = d.latest[key]
	return id, found, nil
}

// endure takes the time that a statement takes, and fails it where a fault wants that.
func (d *database) endure(ctx context.Context, c cause, cost time.Duration) *pgproto3.ErrorResponse {
	if status, fails := d.i.errs(c); fails {
		return sqlError("58000", fmt.Sprintf("injected error %d", status))
	}
	if pool := d.now.Load().workers; pool != nil {
		if pool.acquire(ctx, false) != nil {
			return sqlError("57014", "canceling statement due to user request")
		}
		defer pool.release()
	}
	if err := d.i.sleep(ctx, d.i.behaviour.get().Slow+d.i.behaviour.stretch(cost)); err != nil {
		return sqlError("57014", "canceling statement due to user request")
	}
	return nil
}

// snapshot is how often each write is there.
func (d *database) snapshot() map[string]int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return maps.Clone(d.counts)
}

// serve takes connections until ctx ends; statements that run then are finished, idle sessions are told 57P01.
func (d *database) serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var failed error
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				failed = fmt.Errorf("accept: %w", err)
			}
			break
		}
		d.live.Go(func() { d.converse(conn) })
	}
	d.drain()
	return failed
}

// converse is one connection from its first byte to its last.
func (d *database) converse(conn net.Conn) {
	defer conn.Close()
	s := newSession(d, conn)
	if !s.start() {
		return
	}
	defer d.leave(s)
	s.loop()
}

// join gives a session its process id, unless the limit is reached or the database ends.
func (d *database) join(s *session) *pgproto3.ErrorResponse {
	d.sessionsMu.Lock()
	defer d.sessionsMu.Unlock()
	switch {
	case d.draining:
		return sqlError("57P03", "the database system is shutting down")
	case len(d.sessions) >= d.now.Load().connections:
		d.i.metrics.connectionsRefused.Add(1)
		return sqlError("53300", "sorry, too many clients already")
	}
	d.lastPID++
	s.pid = d.lastPID
	s.secret = uint32(mix(d.i.config.Seed, d.i.config.Instance+strconv.Itoa(int(s.pid))))
	d.sessions[s.pid] = s
	d.i.metrics.connectionsOpen.Add(1)
	return nil
}

func (d *database) leave(s *session) {
	d.sessionsMu.Lock()
	defer d.sessionsMu.Unlock()
	delete(d.sessions, s.pid)
	d.i.metrics.connectionsOpen.Add(-1)
}

// cancel ends the statement that runs in a session, if the secret is right.
func (d *database) cancel(pid, secret uint32) {
	d.sessionsMu.Lock()
	s := d.sessions[pid]
	d.sessionsMu.Unlock()
	if s != nil && s.secret == secret {
		s.cancelStatement()
	}
}

// drain tells every session to end after its statement, and cuts off those that have not within shutdownGrace.
func (d *database) drain() {
	d.sessionsMu.Lock()
	d.draining = true
	for _, s := range d.sessions {
		s.conn.SetReadDeadline(time.Now()) //nolint:errcheck // a closed one is what we want
	}
	d.sessionsMu.Unlock()
	cut := time.AfterFunc(shutdownGrace, func() {
		d.sessionsMu.Lock()
		defer d.sessionsMu.Unlock()
		for _, s := range d.sessions {
			s.cancelStatement()
			s.conn.Close()
		}
	})
	defer cut.Stop()
	d.live.Wait()
}

func (d *database) isDraining() bool {
	d.sessionsMu.Lock()
	defer d.sessionsMu.Unlock()
	return d.draining
}
