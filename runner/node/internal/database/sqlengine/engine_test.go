package sqlengine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

const testSchema = `CREATE TABLE IF NOT EXISTS squall_writes (id text NOT NULL, key text NOT NULL, node text NOT NULL, at timestamptz NOT NULL);
	CREATE INDEX IF NOT EXISTS squall_writes_key ON squall_writes (key, at DESC)`

func open(t testing.TB) *Engine {
	t.Helper()
	e, err := Open(testSchema)
	if err != nil {
		t.Fatal(err)
	}
	e.Defer(prepare(t, e, "INSERT INTO squall_writes (id, key, node, at) VALUES ($1, $2, $3, $4::text)"))
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func prepare(t testing.TB, e *Engine, sql string) *Statement {
	t.Helper()
	s, err := Parse(sql)
	if err != nil || len(s) != 1 {
		t.Fatalf("%s: %d statements, %v", sql, len(s), err)
	}
	st, err := e.Prepare(s[0], nil, true)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return st
}

func call() Call {
	return Call{Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Chance: rand.New(rand.NewPCG(1, 2))}
}

// do runs one statement as a transaction of its own and returns its record, not settled.
func do(t testing.TB, e *Engine, sql string, args ...any) []byte {
	t.Helper()
	if _, err := e.Exec(context.Background(), prepare(t, e, sql), args, call()); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	record, err := e.Commit()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return record
}

func read(t testing.TB, e *Engine, sql string) [][]any {
	t.Helper()
	o, err := e.Read(context.Background(), prepare(t, e, sql), nil, call())
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return o.Rows
}

// Readers see what is settled, the writer what is committed, and what is rolled back nobody.
func TestReadersSeeWhatIsDurable(t *testing.T) {
	e := open(t)
	count := func() any { return read(t, e, "SELECT count(*) FROM squall_writes")[0][0] }
	insert := "INSERT INTO squall_writes (id, key, node, at) VALUES ($1, $2, 'n', now())"
	first := do(t, e, insert, "a", "k")
	second := do(t, e, insert, "b", "k")
	if got := count(); got != int64(0) {
		t.Errorf("before anything is settled: %v rows", got)
	}
	if err := e.Settle(first); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != int64(1) {
		t.Errorf("after one: %v rows", got)
	}
	if err := e.Settle(second); err != nil {
		t.Fatal(err)
	}
	if err := e.Begin(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Exec(context.Background(), prepare(t, e, "DELETE FROM squall_writes"), nil, call()); err != nil {
		t.Fatal(err)
	}
	if err := e.Rollback(); err != nil {
		t.Fatal(err)
	}
	if record, err := e.Commit(); record != nil || err != nil {
		t.Errorf("after a rollback there is a record of %d bytes, %v", len(record), err)
	}
	if got := count(); got != int64(2) {
		t.Errorf("after a rollback: %v rows", got)
	}
}

// Statements without Begin are one transaction too: all of them are taken back, tables included.
func TestRollbackWithoutBegin(t *testing.T) {
	e := open(t)
	for range 3 {
		for _, sql := range []string{"INSERT INTO squall_writes VALUES ('a', 'k', 'n', now())", "CREATE TABLE other (x int)", "INSERT INTO other VALUES (1)"} {
			if _, err := e.Exec(context.Background(), prepare(t, e, sql), nil, call()); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		if err := e.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Settle(do(t, e, "INSERT INTO squall_writes VALUES ('b', 'k', 'n', now())")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, e, "SELECT id FROM squall_writes"); len(got) != 1 || got[0][0] != "b" || e.check(t) != "ok" {
		t.Errorf("rows %v, integrity %s; want b alone", got, e.check(t))
	}
}

func put(t testing.TB, e *Engine, id, key string) []byte {
	t.Helper()
	record, err := e.Put(context.Background(), []string{id, key, "n", Moment(call().Now)}, call())
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// Rows that wait are seen when they are durable, in order and once, whether many wait or few, by readers, by the
// writer and in what Waiting finds; and a transaction that is rolled back takes none of them along.
func TestWaitingRows(t *testing.T) {
	e := open(t)
	const all = 3*mostWaiting + 7
	var records [][]byte
	for n := range all {
		records = append(records, put(t, e, fmt.Sprint("id ", n), fmt.Sprint("k", n%3)))
	}
	seen := func() int { return len(read(t, e, "SELECT id FROM squall_writes")) }
	for n, record := range records {
		if got := seen(); got != n && n%5 == 0 {
			t.Fatalf("%d rows are seen when %d are durable", got, n)
		}
		if err := e.Settle(record); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Waiting(func(v []string) bool { return v[1] == "k1" }); got == nil || got[0] != fmt.Sprint("id ", all-1) && got[0] != fmt.Sprint("id ", all-2) && got[0] != fmt.Sprint("id ", all-3) {
		t.Errorf("the last of a key that waits: %v", got)
	}
	if err := e.Begin(); err != nil {
		t.Fatal(err)
	}
	o, err := e.Exec(context.Background(), prepare(t, e, "UPDATE squall_writes SET node = 'm'"), nil, call())
	if err != nil || o.Changed != all {
		t.Errorf("the writer saw %d rows (%v), want %d", o.Changed, err, all)
	}
	if err := e.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := seen(); got != all {
		t.Errorf("after a rollback: %d rows, want %d", got, all)
	}
	if err := e.Settle(do(t, e, "UPDATE squall_writes SET node = 'm'")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, e, "SELECT count(*), count(DISTINCT id) FROM squall_writes WHERE node = 'm'")[0]; got[0] != int64(all) || got[1] != int64(all) || e.check(t) != "ok" {
		t.Errorf("in the end: %v, integrity %s; want %d rows", got, e.check(t), all)
	}
}

// Rows wait for tables as they were made alone: after a change they are inserted at once, and fail as others do.
func TestRowsDoNotWaitForOtherTables(t *testing.T) {
	e := open(t)
	for _, record := range [][]byte{put(t, e, "a", "k"), do(t, e, "CREATE UNIQUE INDEX once ON squall_writes (id)"), put(t, e, "b", "k")} {
		if err := e.Settle(record); err != nil {
			t.Fatal(err)
		}
	}
	var failed *Error
	if _, err := e.Put(context.Background(), []string{"a", "k", "n", "t"}, call()); !errors.As(err, &failed) || failed.Code != "23505" {
		t.Errorf("a second row of one id: %v, want 23505", err)
	}
	if err := e.Settle(do(t, e, "DROP TABLE squall_writes")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Put(context.Background(), []string{"c", "k", "n", "t"}, call()); !errors.As(err, &failed) || failed.Code != "42P01" {
		t.Errorf("without the table: %v, want 42P01", err)
	}
}

// A database made of another's records is the same, whatever was done there: tables made and dropped, thousands of
// rows, some of them rolled back, chance and the time of day.
func TestRecordsAreTheDatabase(t *testing.T) {
	const seed = 4
	a, b := open(t), open(t)
	r := rand.New(rand.NewPCG(seed, seed))
	settle := func(record []byte) {
		t.Helper()
		if record == nil {
			return
		}
		if err := errors.Join(a.Settle(record), b.Settle(record)); err != nil {
			t.Fatal(err)
		}
	}
	settle(do(t, a, "CREATE TABLE items (id bigserial PRIMARY KEY, name text UNIQUE, qty int DEFAULT 3, u uuid DEFAULT gen_random_uuid())"))
	for n := range 600 {
		switch r.IntN(10) {
		case 0:
			settle(do(t, a, "DELETE FROM items WHERE id % 7 = $1", int64(n%7)))
		case 1:
			settle(do(t, a, "UPDATE items SET qty = qty + 1, name = name || '!' WHERE id % 5 = $1", int64(n%5)))
		case 2:
			if err := a.Begin(); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Exec(context.Background(), prepare(t, a, "UPDATE items SET qty = 0"), nil, call()); err != nil {
				t.Fatal(err)
			}
			if err := a.Rollback(); err != nil {
				t.Fatal(err)
			}
		case 4, 5, 6:
			for range r.IntN(200) {
				settle(put(t, a, fmt.Sprint("row ", n), fmt.Sprint("key ", r.IntN(9))))
			}
			if r.IntN(3) == 0 { // a look at them on one side changes nothing
				read(t, a, "SELECT count(*) FROM squall_writes")
			}
		case 3:
			table := fmt.Sprint("t", n)
			settle(do(t, a, "CREATE TABLE "+table+" (x text)"))
			settle(do(t, a, "DROP TABLE "+table))
		default:
			settle(do(t, a, "INSERT INTO items (name) VALUES ($1)", fmt.Sprint("item ", n, " ", r.Uint64())))
		}
	}
	for _, sql := range []string{"SELECT * FROM items ORDER BY id", "SELECT name, sql FROM sqlite_schema ORDER BY name", "SELECT * FROM sqlite_sequence", "SELECT rowid, * FROM squall_writes ORDER BY rowid"} {
		if left, right := read(t, a, sql), read(t, b, sql); !reflect.DeepEqual(left, right) || len(left) == 0 {
			t.Errorf("%s: %d and %d rows, which differ", sql, len(left), len(right))
		}
	}
	for n := range a.pages.durable {
		if *a.pages.durable[n] != *b.pages.durable[n] {
			t.Errorf("page %d differs", n)
		}
	}
	// What was read is whole by SQLite's own check too, and the copy takes writes of its own.
	if got := b.check(t); got != "ok" {
		t.Errorf("integrity of the copy: %s", got)
	}
	if err := b.Settle(do(t, b, "INSERT INTO items (name) VALUES ('mine')")); err != nil {
		t.Fatal(err)
	}
	if got := b.check(t); got != "ok" {
		t.Errorf("integrity after a write: %s", got)
	}
}

func (e *Engine) check(t *testing.T) string {
	t.Helper()
	s, _, err := e.reader.db.Prepare("PRAGMA integrity_check")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Step()
	return s.ColumnText(0)
}

// A transaction too large for a record is an error, and leaves nothing behind.
func TestTransactionTooLarge(t *testing.T) {
	e := open(t)
	s := prepare(t, e, "INSERT INTO squall_writes VALUES ($1, $2, 'n', now())")
	if _, err := e.Exec(context.Background(), s, []any{string(make([]byte, 0)), fmt.Sprintf("%03000000d", 7)}, call()); err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if _, err := e.Commit(); !errors.As(err, &failed) || failed.Code != "54000" {
		t.Fatalf("got %v, want 54000", err)
	}
	if err := e.Settle(do(t, e, "INSERT INTO squall_writes VALUES ('a', 'k', 'n', now())")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, e, "SELECT id FROM squall_writes"); len(got) != 1 || e.check(t) != "ok" {
		t.Errorf("rows %v, integrity %s", got, e.check(t))
	}
}

// A statement that wants more memory than there is fails alone.
func TestOutOfMemory(t *testing.T) {
	e := open(t)
	for range 2 {
		var failed *Error
		_, err := e.Read(context.Background(), prepare(t, e, "SELECT replace(hex(zeroblob(70000000)), '0', '0123')"), nil, call())
		if !errors.As(err, &failed) || failed.Code != "53200" {
			t.Fatalf("got %v, want 53200", err)
		}
		if err := e.Settle(put(t, e, "a", "k")); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, e, "SELECT id FROM squall_writes"); len(got) != 2 {
		t.Errorf("%d rows, want 2", len(got))
	}
}

// What does not come from a database is not taken.
func TestRecordsThatAreNone(t *testing.T) {
	for _, record := range []string{"", "x", "p", "p\xff", "p\x00\x05\x00\x01", "p\x00\x05\x00\x01\xff\xff", "p\x00\x01\x07\x01\x00\x01a", "p\x03\x01", "r\x05a", "r\x01a"} {
		if err := open(t).Settle([]byte(record)); err == nil {
			t.Errorf("%q: want an error", record)
		}
	}
}

func FuzzSettle(f *testing.F) {
	e, err := Open(testSchema)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := e.Exec(context.Background(), prepare(f, e, "INSERT INTO squall_writes VALUES ('a', 'k', 'n', now())"), nil, call()); err != nil {
		f.Fatal(err)
	}
	record, err := e.Commit()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Fuzz(func(t *testing.T, record []byte) {
		e := &Engine{pages: &pages{}}
		e.settle(record) //nolint:errcheck // it must not panic
	})
}

// The types of parameters and of results are PostgreSQL's.
func TestTypes(t *testing.T) {
	e := open(t)
	if err := e.Settle(do(t, e, "CREATE TABLE o (id int PRIMARY KEY, price numeric(10,2), n bigint, f double precision, at timestamp with time zone, ok boolean, who varchar(9), b bytea, j jsonb)")); err != nil {
		t.Fatal(err)
	}
	const (
		i2, i4, i8, num, f8, txt, tz, bl = pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float8OID, pgtype.TextOID, pgtype.TimestamptzOID, pgtype.BoolOID
	)
	for _, test := range []struct {
		sql    string
		params []uint32
		fields []Field
	}{
		{"SELECT id, count(*), sum(id), sum(n), max(at) AS last, avg(f) FROM o GROUP BY id", nil,
			[]Field{{"id", i4}, {"count", i8}, {"sum", i8}, {"sum", num}, {"last", tz}, {"avg", f8}}},
		{"INSERT INTO o (id, n, ok) VALUES ($1, $2, $3) RETURNING id, who", []uint32{i4, i8, bl}, []Field{{"id", i4}, {"who", pgtype.VarcharOID}}},
		{"UPDATE o SET n = $1, f = f * $2 WHERE id = $3 AND at < $4", []uint32{i8, f8, i4, tz}, nil},
		{"SELECT * FROM o WHERE id IN ($1, $2) AND n BETWEEN $3 AND $4 LIMIT $5", []uint32{i4, i4, i8, i8, i8},
			[]Field{{"id", i4}, {"price", num}, {"n", i8}, {"f", f8}, {"at", tz}, {"ok", bl}, {"who", pgtype.VarcharOID}, {"b", pgtype.ByteaOID}, {"j", pgtype.JSONBOID}}},
		{"SELECT $1::int + 1, 'a' || $2, now(), id > 3, NOT ok, CASE WHEN ok THEN 1 ELSE 2 END FROM o", []uint32{i4, txt},
			[]Field{{"?column?", i4}, {"?column?", txt}, {"now", tz}, {"?column?", bl}, {"?column?", bl}, {"case", i4}}},
		{"SELECT coalesce(n, $1), j->>'a', (SELECT max(id) FROM o) AS m, exists(SELECT 1 FROM o) FROM o", []uint32{i8},
			[]Field{{"coalesce", i8}, {"?column?", txt}, {"m", i4}, {"exists", bl}}},
		{"WITH c AS (SELECT count(*) AS many FROM o) SELECT many, many::smallint FROM c", nil, []Field{{"many", i8}, {"many", i2}}},
		{"SELECT a.id, b.who w FROM o a JOIN o AS b ON a.id = b.id WHERE b.at >= $1", []uint32{tz}, []Field{{"id", i4}, {"w", pgtype.VarcharOID}}},
		{"DELETE FROM o WHERE who LIKE $1", []uint32{txt}, nil},
	} {
		s := prepare(t, e, test.sql)
		if fmt.Sprint(s.Params) != fmt.Sprint(test.params) && len(s.Params)+len(test.params) > 0 {
			t.Errorf("%s: parameters %v, want %v", test.sql, s.Params, test.params)
		}
		if !reflect.DeepEqual(s.Fields, test.fields) {
			t.Errorf("%s: fields %v, want %v", test.sql, s.Fields, test.fields)
		}
	}
}

// What a write and a read of a service cost within the engine, and how many bytes the record of a write has.
func BenchmarkEngine(b *testing.B) {
	e := open(b)
	insert := prepare(b, e, "INSERT INTO squall_writes (id, key, node, at) VALUES ($1, $2, $3, $4)")
	find := prepare(b, e, "SELECT id FROM squall_writes WHERE key = $1 ORDER BY at DESC LIMIT 1")
	c := call()
	bytes, n := 0, 0
	b.Run("put", func(b *testing.B) {
		b.ReportAllocs()
		bytes, n = 0, 0
		for b.Loop() {
			n++
			record := put(b, e, fmt.Sprint("r-", n), fmt.Sprint("k-", n%1000))
			if err := e.Settle(record); err != nil {
				b.Fatal(err)
			}
			bytes += len(record)
		}
		b.ReportMetric(float64(bytes)/float64(n), "record-B/op")
	})
	write := func() {
		n++
		_, err := e.Exec(context.Background(), insert, []any{fmt.Sprint("r-", n), fmt.Sprint("k-", n%1000), "orders-1", "2026-01-01 00:00:00.000000+00"}, c)
		if err != nil {
			b.Fatal(err)
		}
		record, err := e.Commit()
		if err == nil {
			err = e.Settle(record)
		}
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(record)
	}
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		bytes, n = 0, 0
		for b.Loop() {
			write()
		}
		b.ReportMetric(float64(bytes)/float64(n), "record-B/op")
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Read(context.Background(), find, []any{"k-7"}, c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write and read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			write()
			if _, err := e.Read(context.Background(), find, []any{"k-7"}, c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e, err := Open(testSchema)
			if err != nil {
				b.Fatal(err)
			}
			e.Close()
		}
	})
}
