package mysql

import (
	"context"
	"database/sql"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// Query runs a statement of the scenario's own with its arguments, texts or nil for NULL, which the driver binds. What it gives is told
// row by row, as text, with which columns are numbers; count is how many rows it found or changed.
func (r *Rows) Query(ctx context.Context, to *call.Replica, statement string, args []any, c host.Trace,
	begin func(columns []string), row func(values [][]byte, plain []bool)) (count int64, err error) {
	p, err := r.get(to)
	if err != nil {
		return 0, err
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool, or was broken
	r.i.Starts(c)
	return query(ctx, conn, statement, args, begin, row)
}

// query runs a statement on a connection.
func query(ctx context.Context, conn *sql.Conn, statement string, args []any,
	begin func(columns []string), row func(values [][]byte, plain []bool)) (count int64, err error) {
	if !gives(statement) {
		done, err := conn.ExecContext(ctx, statement, args...)
		if err != nil {
			return 0, err
		}
		begin(nil)
		return done.RowsAffected()
	}
	rows, err := conn.QueryContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // it is read, or its error is told
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	plain, values, into := make([]bool, len(columns)), make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for n, t := range types {
		plain[n], into[n] = numeric(t.DatabaseTypeName()), &values[n]
	}
	begin(columns)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, err
		}
		texts := make([][]byte, len(values))
		for n, v := range values {
			texts[n] = v
		}
		row(texts, plain)
		count++
	}
	return count, rows.Err()
}

// gives tells a statement that gives rows.
func gives(statement string) bool {
	words := strings.Fields(strings.TrimLeft(statement, " \t\r\n("))
	if len(words) == 0 {
		return false
	}
	switch strings.ToUpper(words[0]) {
	case "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "EXPLAIN":
		return true
	}
	return strings.Contains(strings.ToUpper(statement), "RETURNING") // MariaDB's
}

// numeric tells types whose text is a number in JSON, too.
func numeric(name string) bool {
	switch strings.TrimPrefix(name, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "JSON", "YEAR":
		return true
	}
	return false
}
