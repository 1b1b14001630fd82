// Package store is the client's side of a database: the SQL that services speak, pools of connections, and reading back.
package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Stores are a service's pools, one for each database instance, opened when first used.
type Stores struct {
	i  *host.Instance
	to pools.Kept[*call.Replica, *Store]
	// Outbox: rows have events, and the tables for those are needed. It is set while the service is built.
	Outbox bool
	// connected counts the connections that were made, or tried.
	connected atomic.Int64
}

// Store is one pool.
type Store struct {
	Pool   *pgxpool.Pool
	tables []string
	// created: the table is known to be there.
	mu      sync.Mutex
	created bool
}

// StoresOf are the instance's.
func StoresOf(i *host.Instance) *Stores {
	return host.Retain(i, func() *Stores { return &Stores{i: i} })
}

func (s *Stores) Close() error {
	return s.to.Each(func(store *Store) error {
		store.Pool.Close()
		return nil
	})
}

func (s *Stores) get(to *call.Replica) (*Store, error) {
	return s.to.Get(to, func() (*Store, error) { return s.store(to) })
}

func (s *Stores) store(to *call.Replica) (*Store, error) {
	connect, err := connectConfig(to.DSN, to.Address, s.i.Network.DialContext)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig("pool_max_conns=1")
	if err != nil {
		return nil, fmt.Errorf("configure pool: %w", err)
	}
	config.ConnConfig = connect
	pingIdle(config)
	config.BeforeConnect = s.cancelsInTurn
	config.MaxConns = int32(min(pools.Size(s.i), math.MaxInt32)) // its type
	// The context only bounds connections made at once, of which there are none.
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("open pool to %q: %w", to.Instance, err)
	}
	pools.Of(s.i).Watch(func() pools.Use {
		use := pool.Stat()
		return pools.Use{Waits: use.EmptyAcquireCount(), Waited: use.EmptyAcquireWaitTime(), Connections: int64(use.TotalConns())}
	})
	made := &Store{Pool: pool, tables: []string{SQLCreateTable, SQLCreateIndex, SQLCreateKeys}}
	if s.Outbox {
		made.tables = append(made.tables, SQLCreateOutbox, SQLCreateRelays)
	}
	return made, nil
}

// connectConfig is how to connect to a database over the given dialler: no TLS, no name look-up.
func connectConfig(dsn, address string, dial pgconn.DialFunc) (*pgx.ConnConfig, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read address %q: %w", address, err)
	}
	who := wire.ParseBuiltinLogin(dsn)
	config, err := pgx.ParseConfig(fmt.Sprintf("sslmode=disable connect_timeout=30 host=%s port=%s user=%s password=%s dbname=%s",
		quoted(host), port, quoted(who.User), quoted(who.Password), quoted(who.Database)))
	if err != nil {
		return nil, fmt.Errorf("read dsn of %q: %w", address, err)
	}
	config.DialFunc = dial
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return config, nil
}

// quoted is a value of a connection string.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// Write makes one durable row; once: unless there is one of this id. event is what the row's outbox has besides, nil for none.
// position is where the row is in a database with replicas, 0 in any other.
func (s *Stores) Write(ctx context.Context, to *call.Replica, id, key string, c host.Trace, once bool, event *Event) (position int64, err error) {
	sql := SQLWrite
	if once {
		sql = SQLWriteOnce
	}
	args := []any{id, key, s.i.Config.Instance, c.Text()}
	if event != nil {
		sql, args = event.statement(once, args)
	}
	err = s.With(ctx, to, func(st *Store) error {
		conn, err := st.Pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		s.i.Starts(c)
		_, err = conn.Exec(ctx, sql, args...)
		_, position = reported(conn.Conn())
		if err == nil && asksWhere(to) {
			err = conn.QueryRow(ctx, sqlWritten).Scan(&position) // where it is not known, no later read can be called stale
		}
		return err
	})
	return position, err
}

// Read asks for the latest row of a key, by a query of a cost; that there is none is no error. seen is the position up
// to which it saw everything, in a database with replicas and in a replica.
func (s *Stores) Read(ctx context.Context, to *call.Replica, key string, cost time.Duration, c host.Trace) (there bool, seen int64, err error) {
	err = s.With(ctx, to, func(st *Store) error {
		var id string
		sql, args := SQLRead, []any{key, c.Text()}
		if cost > 0 {
			sql, args = SQLCostly, append(args, strconv.FormatFloat(cost.Seconds(), 'f', 9, 64))
		}
		conn, err := st.Pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		s.i.Starts(c)
		if asksWhere(to) {
			seen, err = readAt(ctx, conn.Conn(), &id, sql, args)
		} else {
			err = conn.QueryRow(ctx, sql, args...).Scan(&id)
			seen, _ = reported(conn.Conn())
		}
		if there = err == nil; errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return there, seen, err
}

// Row is one of a list.
type Row struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

// List reads all rows in the order in which they were written; there may be none, which is no nil.
func (s *Stores) List(ctx context.Context, to *call.Replica, c host.Trace) ([]Row, error) {
	list := []Row{}
	err := s.With(ctx, to, func(st *Store) error {
		conn, err := st.Pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		s.i.Starts(c)
		rows, err := conn.Query(ctx, sqlList)
		if err != nil {
			return err
		}
		list = list[:0]
		var one Row
		_, err = pgx.ForEachRow(rows, []any{&one.ID, &one.Key}, func() error {
			list = append(list, one)
			return nil
		})
		return err
	})
	return list, err
}

// With runs a statement, the table created before it if need be.
func (s *Stores) With(ctx context.Context, to *call.Replica, run func(*Store) error) error {
	st, err := s.get(to)
	if err != nil {
		return err
	}
	if err := st.create(ctx); err != nil {
		return err
	}
	err = run(st)
	if sqlState(err) == undefinedTable { // somebody dropped it, or a replica does not have it yet: the next attempt makes it anew
		st.mu.Lock()
		st.created = false
		st.mu.Unlock()
	}
	return err
}

// undefinedTable is the SQLSTATE of a table that is not there.
const undefinedTable = "42P01"

// create makes the table unless it is there. Many clients may do so at once: PostgreSQL lets one
// win and tells some of the others, IF NOT EXISTS or not, that a name is taken, which is as good.
func (st *Store) create(ctx context.Context) error {
	st.mu.Lock()
	done := st.created
	st.mu.Unlock()
	if done {
		return nil
	}
	for _, sql := range st.tables {
		_, err := st.Pool.Exec(ctx, sql)
		switch sqlState(err) {
		case "25006": // a replica: it gets the table from its primary
			continue
		case "23505", "42P07", "42710": // unique_violation in the catalogue, duplicate_table, duplicate_object
			continue
		}
		if err != nil {
			return fmt.Errorf("create table: %w", err)
		}
	}
	st.mu.Lock()
	st.created = true
	st.mu.Unlock()
	return nil
}

// sqlState is the SQLSTATE of an error, empty if it has none.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// StatementFailure sorts the error of an attempt at a statement: a class of SQLSTATE that says "you asked
// for the wrong thing" is the caller's own fault, all else (also no SQLSTATE at all) the database's.
func StatementFailure(ctx, bounded context.Context, g *call.Executor, to *call.Replica, err error) *call.Failure {
	if err == nil {
		return nil
	}
	f := call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)
	if state := sqlState(err); f.Class == call.Failed && len(state) == 5 {
		switch state[:2] {
		case "0A", "22", "23", "26", "28", "42":
			f.Class, f.Retryable, f.Status = call.Declined, false, http.StatusBadGateway
		}
	}
	return f
}

// ReadWrites reads every write back from a database, built in or a real one, over connections that
// conn makes: how often each write's id is there. A database without the table has no writes.
func ReadWrites(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn string) (map[string]int, error) {
	return readCounts(ctx, conn, dsn, SQLReadBack)
}

// connect is one connection, past all pools and edges.
func connect(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn string) (*pgx.Conn, error) {
	config, err := connectConfig(dsn, "database:5432", func(ctx context.Context, _, _ string) (net.Conn, error) { return conn(ctx) })
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// readCounts reads how often each id is in a table; one that is not there has none.
func readCounts(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn, sql string) (map[string]int, error) {
	c, err := connect(ctx, conn, dsn)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is read
	writes, err := countWrites(ctx, c, sql)
	if sqlState(err) == undefinedTable {
		return map[string]int{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	return writes, nil
}

func countWrites(ctx context.Context, c *pgx.Conn, sql string) (map[string]int, error) {
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	writes := make(map[string]int)
	var id string
	var count int64
	_, err = pgx.ForEachRow(rows, []any{&id, &count}, func() error {
		writes[id] = int(count)
		return nil
	})
	return writes, err
}

// ReadColumn reads the first column of a query as text, in the order of its rows, over connections that conn makes. NULL is no row. The
// query runs in a transaction that may only read.
func ReadColumn(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn, query string) ([]string, error) {
	c, err := connect(ctx, conn, dsn)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is read
	tx, err := c.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	// Without arguments and by the simple protocol every type comes as text, an uuid as people write it.
	rows, err := tx.Query(ctx, query, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		values := rows.RawValues()
		if len(values) == 0 {
			return nil, fmt.Errorf("query: it has no column")
		}
		if values[0] != nil {
			out = append(out, string(values[0]))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return out, nil
}

// Event is what an outbox has of a row's event besides the row's id and key.
type Event struct{ Service, Queue, Request, Once string }

// statement is a write with its event.
func (e *Event) statement(once bool, args []any) (string, []any) {
	sql := SQLWriteEvent
	if once {
		sql = SQLWriteOnceEvent
	}
	return sql, append(args, e.Service, e.Queue, e.Request, e.Once)
}

// ReadOutbox says how many events of each id are in a database's outbox, over connections that dial makes.
func ReadOutbox(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (map[string]int, error) {
	return readCounts(ctx, dial, n.Login(), sqlPending)
}

// reported are the positions that a database reported with the last statement: before it and after it. 0: none.
func reported(c *pgx.Conn) (before, after int64) {
	value := c.PgConn().ParameterStatus(PositionParameter)
	if value == "" {
		return 0, 0
	}
	first, last, _ := strings.Cut(value, " ")
	before, _ = strconv.ParseInt(first, 10, 64) // what does not parse is 0: nothing is known
	after, _ = strconv.ParseInt(last, 10, 64)
	return before, after
}

// PositionParameter is the parameter that a database with replication reports with each statement: the position up
// to which the table was when the statement began, and when it had ended.
const PositionParameter = "squall.position"
