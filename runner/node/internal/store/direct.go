package store

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5"
)

// Direct is one connection of somebody who asks a database himself.
type Direct struct{ conn *pgx.Conn }

// OpenDirect opens one over a connection that dial makes.
func OpenDirect(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string) (*Direct, error) {
	c, err := connect(ctx, dial, dsn)
	if err != nil {
		return nil, err
	}
	return &Direct{c}, nil
}

// Query runs a statement with its arguments, each a text that the database takes for what it needs, in one turn of the connection: nothing
// is prepared before. rows: those that it gives are kept.
func (d *Direct) Query(ctx context.Context, sql string, args []string, rows bool) (*Answer, error) {
	values := make([][]byte, len(args))
	for n, text := range args {
		values[n] = []byte(text)
	}
	got := d.conn.PgConn().ExecParams(ctx, sql, values, nil, nil, nil)
	answer := &Answer{}
	columns := answer.describe(got.FieldDescriptions(), rows)
	for got.NextRow() {
		answer.raw(got.Values(), columns)
	}
	tag, err := got.Close()
	if err != nil {
		return nil, err
	}
	answer.Count = tag.RowsAffected()
	return answer, nil
}

// Broken tells that it can be used no more.
func (d *Direct) Broken() bool { return d.conn.IsClosed() }

// Close ends it, and waits until its driver has nothing to do for it any more: one whose statement was given up has the server told.
func (d *Direct) Close(ctx context.Context) {
	_ = d.conn.Close(ctx) // what was asked was answered, or given up
	select {
	case <-d.conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// State is the SQLSTATE of what a server has said, "" for what was no word of a server's.
func State(err error) string { return sqlState(err) }
