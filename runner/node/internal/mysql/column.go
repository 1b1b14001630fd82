package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"net"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// list reads all rows in the order in which they were written.
const list = "SELECT id, `key` FROM squall_writes ORDER BY at"

// ReadColumn reads the first column of a query as text, in the order of its rows, over connections that conn makes. NULL is no row. The
// query runs in a transaction that may only read.
func ReadColumn(ctx context.Context, conn func(context.Context) (net.Conn, error), dsn, query string) ([]string, error) {
	db, err := open(dsn, "database:3306", func(ctx context.Context, _, _ string) (net.Conn, error) { return conn(ctx) })
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // everything is read
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close() //nolint:errcheck // everything is read
	columns, err := rows.Columns()
	if err != nil || len(columns) == 0 {
		return nil, fmt.Errorf("query: it has no column: %w", err)
	}
	var id sql.NullString
	into := []any{&id}
	for range columns[1:] {
		into = append(into, new(sql.RawBytes))
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		if id.Valid {
			out = append(out, id.String)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return out, nil
}

// List gives each row's id and key to row, in the order in which they were written; start comes before the first of each attempt.
func (r *Rows) List(ctx context.Context, to *call.Replica, c host.Trace, start func(), row func(id, key string)) error {
	return r.with(ctx, to, c, func(conn *sql.Conn) error {
		start()
		rows, err := conn.QueryContext(ctx, list)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // everything is read
		for rows.Next() {
			var id, key string
			if err := rows.Scan(&id, &key); err != nil {
				return err
			}
			row(id, key)
		}
		return rows.Err()
	})
}
