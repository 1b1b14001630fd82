// Package mysql is how services speak to a real MariaDB or MySQL: the rows of package store in its SQL, over pools of its
// usual driver.
package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
)

// The SQL. A write that is to be there once has its id in a column that takes each value once, and NULL as often as one likes.
const (
	createTable = "CREATE TABLE IF NOT EXISTS squall_writes (id VARCHAR(191) NOT NULL, `key` VARCHAR(191) NOT NULL, node VARCHAR(191) NOT NULL, " +
		"at DATETIME(6) NOT NULL, once VARCHAR(191) NULL UNIQUE, INDEX squall_writes_key (`key`, at))"
	insert     = "INSERT INTO squall_writes (id, `key`, node, at) VALUES (?, ?, ?, NOW(6))"
	insertOnce = "INSERT IGNORE INTO squall_writes (id, `key`, node, at, once) VALUES (?, ?, ?, NOW(6), ?)"
	read       = "SELECT id FROM squall_writes WHERE `key` = ? ORDER BY at DESC LIMIT 1"
	costly     = "SELECT id FROM squall_writes, (SELECT SLEEP(?)) AS cost WHERE `key` = ? ORDER BY at DESC LIMIT 1"
	readBack   = "SELECT id, COUNT(*) FROM squall_writes GROUP BY id"
)

// noTable is the server's number for a table that is not there.
const noTable = 1146

// Rows are a service's, in each database instance that it writes to.
type Rows struct {
	i  *host.Instance
	to pools.Kept[*call.Replica, *pool]
}

type pool struct {
	db      *sql.DB
	mu      sync.Mutex
	created bool
}

// RowsOf are the instance's.
func RowsOf(i *host.Instance) *Rows {
	return host.Retain(i, func() *Rows { return &Rows{i: i} })
}

// Close closes the pools.
func (r *Rows) Close() error { return r.to.Each(func(p *pool) error { return p.db.Close() }) }

func (r *Rows) get(to *call.Replica) (*pool, error) {
	return r.to.Get(to, func() (*pool, error) { return r.pool(to) })
}

func (r *Rows) pool(to *call.Replica) (*pool, error) {
	db, err := open(to.DSN, to.Address, r.i.Network.DialContext)
	if err != nil {
		return nil, err
	}
	most := pools.Size(r.i)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	pools.Of(r.i).Watch(func() pools.Use {
		s := db.Stats()
		return pools.Use{Waits: s.WaitCount, Waited: s.WaitDuration, Connections: int64(s.OpenConnections)}
	})
	return &pool{db: db}, nil
}

// silent drops what the driver would write to standard error: errors are returned as well.
type silent struct{}

func (silent) Print(...any) {}

func open(dsn, address string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*sql.DB, error) {
	connector, err := connectorOf(dsn, address, dial)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func connectorOf(dsn, address string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (sqldriver.Connector, error) {
	who := wire.ParseBuiltinLogin(dsn)
	c := driver.NewConfig()
	c.User, c.Passwd, c.DBName, c.Net, c.Addr = who.User, who.Password, who.Database, "tcp", address
	c.DialFunc, c.Logger = dial, silent{}
	c.InterpolateParams = true // one round trip for a statement, not three
	connector, err := driver.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("read the login of %q: %w", address, err)
	}
	return connector, nil
}

// Write makes one durable row; once: unless there is one of this id.
func (r *Rows) Write(ctx context.Context, to *call.Replica, id, key string, c host.Trace, once bool) error {
	return r.with(ctx, to, c, func(conn *sql.Conn) (err error) {
		if once {
			_, err = conn.ExecContext(ctx, insertOnce, id, key, r.i.Config.Instance, id)
		} else {
			_, err = conn.ExecContext(ctx, insert, id, key, r.i.Config.Instance)
		}
		return err
	})
}

// Read asks for the latest row of a key, by a query of a cost; that there is none is no error.
func (r *Rows) Read(ctx context.Context, to *call.Replica, key string, cost time.Duration, c host.Trace) (there bool, err error) {
	err = r.with(ctx, to, c, func(conn *sql.Conn) error {
		var id string
		query, args := read, []any{key}
		if cost > 0 {
			query, args = costly, []any{cost.Seconds(), key}
		}
		err := conn.QueryRowContext(ctx, query, args...).Scan(&id)
		if there = err == nil; errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return there, err
}

// with runs a statement on a connection of the pool, the table made before it if need be.
func (r *Rows) with(ctx context.Context, to *call.Replica, c host.Trace, run func(*sql.Conn) error) error {
	p, err := r.get(to)
	if err != nil {
		return err
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool, or was broken
	r.i.Starts(c)
	if err := p.create(ctx, conn); err != nil {
		return err
	}
	err = run(conn)
	if number(err) == noTable { // somebody dropped it: the next attempt makes it anew
		p.mu.Lock()
		p.created = false
		p.mu.Unlock()
	}
	return err
}

func (p *pool) create(ctx context.Context, conn *sql.Conn) error {
	p.mu.Lock()
	done := p.created
	p.mu.Unlock()
	if done {
		return nil
	}
	if _, err := conn.ExecContext(ctx, createTable); err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	p.mu.Lock()
	p.created = true
	p.mu.Unlock()
	return nil
}

// number is the server's for its error, 0 for one that is not the server's.
func number(err error) uint16 {
	var e *driver.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// Failure sorts the error of an attempt at a statement: a class of SQLSTATE that says "you asked for the wrong thing" is
// the caller's own fault, all else the database's.
func (r *Rows) Failure(ctx, bounded context.Context, g *call.Executor, to *call.Replica, err error) *call.Failure {
	if err == nil {
		return nil
	}
	f := call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)
	var e *driver.MySQLError
	if errors.As(err, &e) && f.Class == call.Failed {
		switch string(e.SQLState[:2]) {
		case "21", "22", "23", "26", "28", "42":
			f.Class, f.Retryable, f.Status = call.Declined, false, http.StatusBadGateway
		}
	}
	return f
}

// ReadWrites reads every write back over connections that conn makes: how often each write's id is there. A database
// without the table has no writes.
func ReadWrites(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn string) (map[string]int, error) {
	db, err := open(dsn, "database:3306", func(ctx context.Context, _, _ string) (net.Conn, error) { return conn(ctx) })
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // everything is read
	writes := map[string]int{}
	rows, err := db.QueryContext(ctx, readBack)
	if number(err) == noTable {
		return writes, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer rows.Close() //nolint:errcheck // everything is read
	for rows.Next() {
		var id string
		var count int
		if err := rows.Scan(&id, &count); err != nil {
			return nil, fmt.Errorf("read writes: %w", err)
		}
		writes[id] = count
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	return writes, nil
}
