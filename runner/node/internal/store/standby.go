package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/scenarios/parts"
)

const (
	sqlRecovering = `SELECT pg_is_in_recovery()`
	sqlPromote    = `SELECT pg_promote(true, 30)`
	// Where a real primary's log ends, once a write is committed, and up to where a standby has applied it: what a built-in
	// database reports by itself.
	sqlWritten = `SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint`
	sqlApplied = `SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint`
)

// promoteWithin bounds a promotion: a standby has little left to apply.
const promoteWithin = 30 * time.Second

// Promote makes a standby of PostgreSQL a primary, over a connection that dial makes; false: it was one already.
func Promote(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string) (did bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, promoteWithin)
	defer cancel()
	c, err := connect(ctx, dial, dsn)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was asked for is done, or was not
	var standby bool
	if err := c.QueryRow(ctx, sqlRecovering).Scan(&standby); err != nil || !standby {
		return false, err
	}
	if err := c.QueryRow(ctx, sqlPromote).Scan(&did); err != nil {
		return false, err
	}
	if !did {
		return false, errors.New("it did not become a primary within 30s")
	}
	return true, nil
}

// asksWhere tells a real PostgreSQL that is asked where in its log a write or a read is.
func asksWhere(to *call.Replica) bool { return to.Speaks == parts.SpeaksPostgres && to.Positions }

// readAt is a read with the position that a real standby had applied before it: the second statement's snapshot is the later one.
func readAt(ctx context.Context, conn *pgx.Conn, id *string, sql string, args []any) (seen int64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(sqlApplied)
	batch.Queue(sql, args...)
	results := conn.SendBatch(ctx, batch)
	if err = results.QueryRow().Scan(&seen); err == nil {
		err = results.QueryRow().Scan(id)
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return seen, err
}
