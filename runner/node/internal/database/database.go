// Package database is the database role: PostgreSQL's wire protocol in front of a SQL engine and a journal, with replication.
package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/node/internal/store"
)

var connectionsRefusedTotal = host.NewCounter("squall_connections_refused_total",
	"Database connections refused at the limit.")

// defaultConnections is PostgreSQL's own max_connections.
const defaultConnections = 100

// database is the built-in database: PostgreSQL's wire protocol in front, a SQL engine on tables in memory, and
// a journal on disk that has what every transaction has changed. A transaction is acknowledged, and seen by who
// reads, once its record is synced.
type database struct {
	i       *host.Instance
	journal *journal.Journal
	now     atomic.Pointer[databaseTerms]

	engine *sqlengine.Engine
	own    ownStatements
	// writers is the lock of transactions that write, last the journal's batch of the latest of them; who holds the
	// lock may use it.
	writers rowLocks
	last    *journal.Batch

	// replication, standbys and follower are nil where there is no replication.
	replication *replicationState
	standbys    *standbys
	follower    *follower
	applied     atomic.Int64          // the position of the last record that readers see
	strange     atomic.Pointer[error] // the first record that could not be applied

	locks     rowLocks
	KeyedLock admission.KeyedLock // of idempotent writes, by their ids

	sessionsMu sync.Mutex
	sessions   map[uint32]*session
	streams    int // sessions of replicas: the limit is not for them
	lastPID    uint32
	draining   bool
	live       sync.WaitGroup
	// born is when this incarnation started.
	born time.Time
}

var _ host.Role = (*database)(nil)

func New(i *host.Instance) (host.Role, error) {
	d := &database{
		locks: rowLocks{metrics: i.Metrics}, writers: rowLocks{metrics: i.Metrics},
		i: i, sessions: make(map[uint32]*session), born: time.Now(),
	}
	d.now.Store(d.terms(&i.Config.Node))
	var err error
	if d.engine, err = sqlengine.Open(store.SQLCreateTable, store.SQLCreateIndex, store.SQLCreateKeys, store.SQLCreateOutbox, store.SQLCreateRelays); err != nil {
		return nil, err
	}
	if d.own, err = d.prepareOwn(); err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	d.engine.Defer(d.own.insert)
	if err = d.replicate(); err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	d.journal, err = journal.OpenFor(i.Disk, journalName, i.Metrics, d.deliver)
	if strange := d.strange.Load(); err == nil && strange != nil {
		err = fmt.Errorf("replay journal: %w", errors.Join(*strange, d.journal.Close()))
	}
	if err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	return d, nil
}

func (d *database) Close() error {
	return errors.Join(d.journal.Close(), d.engine.Close(), d.replication.close())
}

// apply lets readers see what a journal's record says.
func (d *database) apply(record []byte) {
	if err := d.engine.Settle(record); err != nil {
		d.strange.CompareAndSwap(nil, &err)
	}
}

// spend takes the time that a statement takes, and fails it where a fault wants that.
func (d *database) spend(ctx context.Context, c host.Trace, cost time.Duration) *pgproto3.ErrorResponse {
	if status, fails := d.i.InjectedError(c); fails {
		return sqlError("58000", fmt.Sprintf("injected error %d", status))
	}
	if pool := d.now.Load().workers; pool != nil {
		if pool.Acquire(ctx, false) != nil {
			d.i.NeverStarts(c)
			return cancelled()
		}
		d.i.Starts(c)
		defer pool.Release()
	}
	if err := d.i.Sleep(ctx, d.i.Behaviour.Get().Slow+d.i.Behaviour.Stretch(cost)); err != nil {
		return cancelled()
	}
	return nil
}

// Serve takes connections until ctx ends; statements that run then are finished, idle sessions are told 57P01.
func (d *database) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	if d.follower != nil {
		d.live.Go(func() { d.follower.run(ctx) })
	}
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
	case !s.replicating && len(d.sessions)-d.streams >= d.now.Load().connections:
		connectionsRefusedTotal.In(d.i.Metrics).Add(1)
		return sqlError("53300", "sorry, too many clients already")
	}
	if s.replicating {
		d.streams++
	}
	d.lastPID++
	s.pid = d.lastPID
	// Not the one of that number before a restart: who cancels late, having seen his connection broken, would end a stranger's statement.
	s.secret = uint32(chance.Fold(d.i.Config.Seed, fmt.Sprint(d.i.Config.Instance, s.pid, d.born.UnixNano())))
	d.sessions[s.pid] = s
	host.Connections.In(d.i.Metrics).Add(1)
	return nil
}

func (d *database) leave(s *session) {
	d.sessionsMu.Lock()
	defer d.sessionsMu.Unlock()
	delete(d.sessions, s.pid)
	if s.replicating {
		d.streams--
	}
	host.Connections.In(d.i.Metrics).Add(-1)
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
	cut := time.AfterFunc(host.ShutdownGrace, func() {
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
