package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// Answer is what a statement of the scenario's own gave.
type Answer struct {
	// Rows are the rows that it gave, where they were asked for; there may be none, which is no nil.
	Rows []Columns
	// Count is how many rows it found or changed.
	Count int64

	columns []string
	keep    bool
}

// Columns are a row's, in their order, as JSON.
type Columns struct {
	names  []string
	values []json.RawMessage
}

// MarshalJSON is an object, its names in the order of the columns.
func (c Columns) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for n, name := range c.names {
		if n > 0 {
			out.WriteByte(',')
		}
		key, _ := json.Marshal(name) // it can't fail: it is text
		out.Write(key)
		out.WriteByte(':')
		out.Write(c.values[n])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// JSON is the rows, or, of a statement that gives none, how many it changed: {"rows": 1}.
func (a *Answer) JSON() []byte {
	if len(a.columns) == 0 {
		return fmt.Appendf(nil, `{"rows":%d}`, a.Count)
	}
	text, _ := json.Marshal(a.Rows) // it can't fail: every value is JSON
	return text
}

// Begin begins an answer anew, with the names of its columns; keep: its rows are wanted.
func (a *Answer) Begin(columns []string, keep bool) {
	a.columns, a.keep, a.Rows = columns, keep, []Columns{}
}

// Row takes a row: its values as text, nil for NULL, and which of them are JSON as they are.
func (a *Answer) Row(values [][]byte, plain []bool) {
	if !a.keep {
		return
	}
	row := Columns{names: a.columns, values: make([]json.RawMessage, len(values))}
	for n, text := range values {
		row.values[n] = spelled(text, plain[n])
	}
	a.Rows = append(a.Rows, row)
}

func spelled(text []byte, plain bool) json.RawMessage {
	switch {
	case text == nil:
		return json.RawMessage("null")
	case plain && json.Valid(text): // NaN is a number and no JSON
		return json.RawMessage(bytes.Clone(text))
	}
	quoted, _ := json.Marshal(string(text)) // it can't fail: it is text
	return quoted
}

// Query runs a statement of the scenario's own with its arguments, each a text that the database takes for what it needs, or nil for
// NULL. rows: those that it gives are kept.
func (s *Stores) Query(ctx context.Context, to *call.Replica, sql string, args []any, c host.Trace, rows bool) (*Answer, error) {
	st, err := s.get(to)
	if err != nil {
		return nil, err
	}
	conn, err := st.Pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	s.i.Starts(c)
	answer := &Answer{}
	got, err := conn.Query(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, err
	}
	defer got.Close()
	columns := answer.describe(got.FieldDescriptions(), rows)
	for got.Next() {
		answer.raw(got.RawValues(), columns)
	}
	if err := got.Err(); err != nil {
		return nil, err
	}
	answer.Count = got.CommandTag().RowsAffected()
	return answer, nil
}

// described are the columns of what a statement gives: which are JSON as they are, and which are booleans, which JSON spells otherwise.
type described struct{ plain, truths []bool }

// describe begins an answer with its columns.
func (a *Answer) describe(fields []pgconn.FieldDescription, rows bool) described {
	var names []string
	var d described
	for _, f := range fields {
		names = append(names, f.Name)
		d.plain, d.truths = append(d.plain, isJSON(f.DataTypeOID)), append(d.truths, f.DataTypeOID == pgtype.BoolOID)
	}
	a.Begin(names, rows)
	return d
}

// raw takes a row as PostgreSQL writes it.
func (a *Answer) raw(values [][]byte, d described) {
	for n := range values {
		if d.truths[n] && values[n] != nil {
			values[n] = truth(values[n])
		}
	}
	a.Row(values, d.plain)
}

// isJSON tells types whose text is JSON as it is.
func isJSON(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID, pgtype.BoolOID,
		pgtype.JSONOID, pgtype.JSONBOID:
		return true
	}
	return false
}

// truth is a boolean as JSON has it.
func truth(text []byte) []byte {
	if text[0] == 't' {
		return []byte("true")
	}
	return []byte("false")
}
