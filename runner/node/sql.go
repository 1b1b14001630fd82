package node

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// The SQL that a service speaks to a database, every word of it. It means the same to PostgreSQL, so
// a real one can take the built-in one's place; the built-in one knows nothing else.
const (
	sqlCreateTable = `CREATE TABLE IF NOT EXISTS squall_writes (id text NOT NULL, key text NOT NULL, node text NOT NULL, at timestamptz NOT NULL)`
	sqlCreateIndex = `CREATE INDEX IF NOT EXISTS squall_writes_key ON squall_writes (key, at DESC)`
	// A write and a read name their cause in their last parameter, which filters nothing: so the built-in
	// database draws their times from the request, and a real one shows in its log who asked.
	sqlWrite = `INSERT INTO squall_writes (id, key, node, at) SELECT $1::text, $2::text, $3::text, now() WHERE $4::text IS NOT NULL`
	sqlRead  = `SELECT id FROM squall_writes WHERE key = $1 AND $2::text IS NOT NULL ORDER BY at DESC LIMIT 1`
	// A costly read takes so many seconds more: the one-time filter is worked out before any row is looked for.
	sqlCostly = `WITH cost AS MATERIALIZED (SELECT pg_sleep($3::text::float8)) SELECT id FROM squall_writes WHERE key = $1 AND $2::text IS NOT NULL AND (SELECT count(*) FROM cost) = 1 ORDER BY at DESC LIMIT 1`
	// An idempotent write is made by who was first to put its key down; who comes at the same time waits for that.
	sqlCreateKeys = `CREATE TABLE IF NOT EXISTS squall_keys (id text PRIMARY KEY)`
	sqlWriteOnce  = `WITH fresh AS (INSERT INTO squall_keys (id) SELECT $1::text WHERE $4::text IS NOT NULL ON CONFLICT DO NOTHING RETURNING id) INSERT INTO squall_writes (id, key, node, at) SELECT id, $2::text, $3::text, now() FROM fresh`
	sqlReadBack   = `SELECT id, count(*) FROM squall_writes GROUP BY id`
)

// statement is one row of the table of what the built-in database understands.
type statement struct {
	sql    string
	params int // all of type text
	fields []field
	run    func(ctx context.Context, d *database, args []string, emit func(row ...any)) (tag string, err *pgproto3.ErrorResponse)
}

// field is a result column: text or bigint.
type field struct {
	name string
	oid  uint32
}

// statements is the table. An empty statement is answered by the session itself.
var statements = []statement{
	{sql: sqlCreateTable, run: func(context.Context, *database, []string, func(...any)) (string, *pgproto3.ErrorResponse) {
		return "CREATE TABLE", nil // it is always there
	}},
	{sql: sqlCreateIndex, run: func(context.Context, *database, []string, func(...any)) (string, *pgproto3.ErrorResponse) {
		return "CREATE INDEX", nil
	}},
	{sql: sqlCreateKeys, run: func(context.Context, *database, []string, func(...any)) (string, *pgproto3.ErrorResponse) {
		return "CREATE TABLE", nil // every id is a key
	}},
	{sql: sqlWriteOnce, params: 4, run: func(ctx context.Context, d *database, args []string, _ func(...any)) (string, *pgproto3.ErrorResponse) {
		fresh, err := d.writeOnce(ctx, args[0], args[1], args[2], args[3])
		if !fresh {
			return "INSERT 0 0", err
		}
		return "INSERT 0 1", err
	}},
	{sql: sqlWrite, params: 4, run: func(ctx context.Context, d *database, args []string, _ func(...any)) (string, *pgproto3.ErrorResponse) {
		return "INSERT 0 1", d.write(ctx, args[0], args[1], args[2], args[3])
	}},
	{sql: sqlRead, params: 2, fields: []field{{"id", pgtype.TextOID}}, run: func(ctx context.Context, d *database, args []string, emit func(...any)) (string, *pgproto3.ErrorResponse) {
		return d.answerRead(ctx, args[0], args[1], 0, emit)
	}},
	{sql: sqlCostly, params: 3, fields: []field{{"id", pgtype.TextOID}}, run: func(ctx context.Context, d *database, args []string, emit func(...any)) (string, *pgproto3.ErrorResponse) {
		seconds, err := strconv.ParseFloat(args[2], 64)
		if err != nil || !(seconds >= 0 && seconds < 1e6) {
			return "", sqlError("22P02", "invalid input syntax for the cost of a query: "+strconv.Quote(args[2]))
		}
		return d.answerRead(ctx, args[0], args[1], time.Duration(seconds*float64(time.Second)), emit)
	}},
	{sql: sqlReadBack, fields: []field{{"id", pgtype.TextOID}, {"count", pgtype.Int8OID}}, run: func(_ context.Context, d *database, _ []string, emit func(...any)) (string, *pgproto3.ErrorResponse) {
		n := 0
		for id, count := range d.snapshot() {
			emit(id, int64(count))
			n++
		}
		return "SELECT " + strconv.Itoa(n), nil
	}},
}

func (d *database) answerRead(ctx context.Context, key, why string, cost time.Duration, emit func(...any)) (string, *pgproto3.ErrorResponse) {
	id, found, err := d.read(ctx, key, why, cost)
	if err != nil || !found {
		return "SELECT 0", err
	}
	emit(id)
	return "SELECT 1", nil
}

// lookup finds a statement by its words, whatever the space between them.
func lookup(sql string) (*statement, *pgproto3.ErrorResponse) {
	words := normal(sql)
	for n := range statements {
		if normal(statements[n].sql) == words {
			return &statements[n], nil
		}
	}
	return nil, sqlError("0A000", "the built-in database does not know this statement: "+words)
}

// normal is a statement without comments at line ends, needless space and a closing semicolon.
func normal(sql string) string {
	var words []string
	for line := range strings.Lines(sql) {
		line, _, _ = strings.Cut(line, "--")
		words = append(words, strings.Fields(line)...)
	}
	return strings.TrimRight(strings.Join(words, " "), "; ")
}

// sqlError is an ERROR with a SQLSTATE.
func sqlError(code, message string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message}
}

// describe is the statement's row description in the given formats (as in Bind: none is all text, one is for all).
func (s *statement) describe(formats []int16) pgproto3.BackendMessage {
	if len(s.fields) == 0 {
		return &pgproto3.NoData{}
	}
	d := &pgproto3.RowDescription{}
	for n, f := range s.fields {
		size := int16(-1)
		if f.oid == pgtype.Int8OID {
			size = 8
		}
		d.Fields = append(d.Fields, pgproto3.FieldDescription{
			Name: []byte(f.name), DataTypeOID: f.oid, DataTypeSize: size, TypeModifier: -1, Format: formatOf(formats, n),
		})
	}
	return d
}

func formatOf(formats []int16, n int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case n < len(formats):
		return formats[n]
	default:
		return pgtype.TextFormatCode
	}
}

// encode is a row's values in their formats.
func encode(row []any, formats []int16) *pgproto3.DataRow {
	out := &pgproto3.DataRow{Values: make([][]byte, len(row))}
	for n, value := range row {
		switch v := value.(type) {
		case string:
			out.Values[n] = []byte(v) // text is the same in both formats
		case int64:
			if formatOf(formats, n) == pgtype.BinaryFormatCode {
				out.Values[n] = binary.BigEndian.AppendUint64(nil, uint64(v))
			} else {
				out.Values[n] = strconv.AppendInt(nil, v, 10)
			}
		}
	}
	return out
}
