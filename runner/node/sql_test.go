package node_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// answerOf is what a statement gives, in one line: the tag, the columns with their types, the rows, or the SQLSTATE.
func answerOf(ctx context.Context, c *pgx.Conn, sql string, args ...any) string {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return "error " + state(err)
	}
	var lines []string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			rows.Close()
			return "unreadable: " + err.Error()
		}
		lines = append(lines, plain(values))
	}
	rows.Close()
	if rows.Err() != nil {
		return "error " + state(rows.Err())
	}
	var columns []string
	for _, f := range rows.FieldDescriptions() {
		columns = append(columns, fmt.Sprintf("%s:%d", f.Name, f.DataTypeOID))
	}
	return rows.CommandTag().String() + " (" + strings.Join(columns, " ") + ") " + strings.Join(lines, " ")
}

// plain writes values that mean the same the same way.
func plain(values []any) string {
	var all []string
	for _, v := range values {
		if n, is := v.(interface{ Value() (any, error) }); is {
			v, _ = n.Value()
		}
		if t, is := v.(time.Time); is {
			v = t.UTC().Format(time.RFC3339Nano)
		}
		if u, is := v.([16]byte); is {
			v = fmt.Sprintf("%x", u)
		}
		all = append(all, strings.TrimSuffix(fmt.Sprint(v), ".0"))
	}
	return "[" + strings.Join(all, " ") + "]"
}

// script is SQL of the kind that a service speaks, each with what PostgreSQL answers.
var script = []struct {
	sql  string
	args []any
	want string
}{
	{"CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, qty int NOT NULL DEFAULT 1 CHECK (qty >= 0), price float8, sold boolean NOT NULL DEFAULT false, at timestamptz NOT NULL DEFAULT now(), code varchar(5))", nil, "CREATE TABLE () "},
	{"CREATE TABLE items (id int)", nil, "error 42P07"},
	{"CREATE TABLE IF NOT EXISTS lines (item bigint NOT NULL REFERENCES items (id), n integer, tag uuid, doc jsonb, day date, raw bytea, PRIMARY KEY (item, n))", nil, "CREATE TABLE () "},
	{"CREATE INDEX items_at ON items USING btree (at DESC)", nil, "CREATE INDEX () "},
	{"INSERT INTO items (name, qty, price) VALUES ($1, $2, $3), ($4, $5, $6) RETURNING id, name", []any{"bolt", 5, 2.5, "nut", 7, 0.25}, "INSERT 0 2 (id:20 name:25) [1 bolt] [2 nut]"},
	{"INSERT INTO items (name) VALUES ($1)", []any{"bolt"}, "error 23505"},
	{"INSERT INTO items (name) VALUES ($1)", []any{nil}, "error 23502"},
	{"INSERT INTO items (name, qty) VALUES ('x', -1)", nil, "error 23514"},
	{"INSERT INTO items (name, code) VALUES ('x', 'toolong')", nil, "error 22001"},
	{"INSERT INTO items (name, qty) VALUES ('x', 'many')", nil, "error 22P02"},
	{"INSERT INTO lines (item, n) VALUES (99, 1)", nil, "error 23503"},
	{"INSERT INTO items (name, qty) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET qty = items.qty + excluded.qty RETURNING qty", []any{"bolt"}, "INSERT 0 1 (qty:23) [6]"},
	{"INSERT INTO items (name) VALUES ('bolt') ON CONFLICT DO NOTHING", nil, "INSERT 0 0 () "},
	{"INSERT INTO lines (item, n, tag, doc, day, raw) VALUES ($1, $2, $3, $4, $5, $6)",
		[]any{1, 1, "0b4ef1a6-3ad2-4a4e-9d7c-6f3a2a1b0c9d", map[string]any{"a": "b"}, time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), []byte{0, 255}}, "INSERT 0 1 () "},
	{"SELECT tag, doc->>'a', day, raw FROM lines WHERE tag = $1", []any{"0b4ef1a6-3ad2-4a4e-9d7c-6f3a2a1b0c9d"}, "SELECT 1 (tag:2950 ?column?:25 day:1082 raw:17) [0b4ef1a63ad24a4e9d7c6f3a2a1b0c9d b 2026-02-03T00:00:00Z [0 255]]"},
	{"SELECT i.name, l.n, i.sold FROM items i LEFT JOIN lines l ON l.item = i.id ORDER BY i.id", nil, "SELECT 2 (name:25 n:23 sold:16) [bolt 1 false] [nut <nil> false]"},
	{"SELECT count(*), sum(qty), max(price), avg(price), min(name) AS first FROM items", nil, "SELECT 1 (count:20 sum:20 max:701 avg:701 first:25) [2 13 2.5 1.375 bolt]"},
	{"UPDATE items SET qty = qty - $1, sold = true WHERE name = $2 RETURNING qty, sold", []any{2, "bolt"}, "UPDATE 1 (qty:23 sold:16) [4 true]"},
	{"UPDATE items SET qty = 0 WHERE id = ANY($1)", []any{[]int64{1}}, "UPDATE 1 () "},
	{"SELECT name FROM items WHERE sold AND at <= now() AND at > now() - interval '1 hour' AND name LIKE 'b%' AND name NOT LIKE 'B%' AND name ILIKE 'B_LT'", nil, "SELECT 1 (name:25) [bolt]"},
	{"SELECT $1::text, $2::int + 1, $3::bool, '7'::bigint, 2.5::float8, CAST('3' AS integer)", []any{"x", 4, true}, "SELECT 1 (text:25 ?column?:23 bool:16 int8:20 float8:701 int4:23) [x 5 true 7 2.5 3]"},
	{"SELECT 'x'::int", nil, "error 22P02"},
	{"SELECT id FROM items ORDER BY id LIMIT $1 OFFSET $2", []any{1, 1}, "SELECT 1 (id:20) [2]"},
	{"SELECT id FROM items WHERE id IN (SELECT id FROM items WHERE qty > $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)", []any{1}, "SELECT 1 (id:20) [2]"},
	{"WITH sold AS MATERIALIZED (SELECT qty FROM items WHERE sold) SELECT count(*) AS many, CASE WHEN count(*) > 0 THEN 'yes' ELSE 'no' END FROM sold", nil, "SELECT 1 (many:20 case:25) [1 yes]"},
	{"SELECT row_number() OVER (ORDER BY id), name || '!' FROM items", nil, "SELECT 2 (row_number:20 ?column?:25) [1 bolt!] [2 nut!]"},
	{"SELECT extract(year FROM timestamptz '2026-05-06 07:08:09+00')::int, date_trunc('hour', timestamptz '2026-05-06 07:08:09+00'), substring('abcdef' FROM 2 FOR 3), position('c' IN 'abc')", nil,
		"SELECT 1 (extract:23 date_trunc:1184 substring:25 position:23) [2026 2026-05-06T07:00:00Z bcd 3]"},
	{"SELECT coalesce(NULL, $1), nullif(1, 1), greatest(1, 2), exists(SELECT 1 FROM items)", []any{"z"}, "SELECT 1 (coalesce:25 nullif:23 greatest:23 exists:16) [z <nil> 2 true]"},
	{"SELECT * FROM nowhere", nil, "error 42P01"},
	{"SELECT colour FROM items", nil, "error 42703"},
	{"SELECT nofunction(1)", nil, "error 42883"},
	{"SELEC 1", nil, "error 42601"},
	{"SELECT 1 FROM items WHERE", nil, "error 42601"},
	{"DELETE FROM lines", nil, "DELETE 1 () "},
	{"ALTER TABLE items ADD COLUMN note text", nil, "ALTER TABLE () "},
	{"UPDATE items SET note = $1 WHERE id = $2", []any{"n", int64(2)}, "UPDATE 1 () "},
	{"SELECT note FROM items ORDER BY id", nil, "SELECT 2 (note:25) [<nil>] [n]"},
	{"TRUNCATE TABLE lines", nil, "TRUNCATE TABLE () "},
	{"DROP TABLE lines CASCADE", nil, "DROP TABLE () "},
	{"SELECT 1 FROM lines", nil, "error 42P01"},
}

// The built-in database answers a service's SQL as PostgreSQL does.
func TestSQL(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		c := w.connect("")
		defer c.Close(w.t.Context()) //nolint:errcheck // the test is over
		for _, line := range script {
			if got := answerOf(w.t.Context(), c, line.sql, line.args...); got != line.want {
				t.Errorf("%s\n got %s\nwant %s", line.sql, got, line.want)
			}
		}
	})
}

// The script is right: a real PostgreSQL says the same.
func TestRealPostgresAnswersTheScript(t *testing.T) {
	address := startPostgres(t)
	c, err := connect(t.Context(), node.TCP{}, address, "user=shop dbname=postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context()) //nolint:errcheck // the test is over
	if _, err := c.Exec(t.Context(), "SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	for _, line := range script {
		if got := answerOf(t.Context(), c, line.sql, line.args...); got != line.want {
			t.Errorf("%s\n got %s\nwant %s", line.sql, got, line.want)
		}
	}
}

// transactions is what a connection says of transactions, one line a step. It is the same for a real PostgreSQL.
func transactions(ctx context.Context, c *pgx.Conn) []string {
	var said []string
	say := func(sql string) {
		results, err := c.PgConn().Exec(ctx, sql).ReadAll()
		line := sql + ": "
		for _, r := range results {
			if r.Err == nil {
				line += r.CommandTag.String() + " "
			}
			for _, row := range r.Rows {
				line += fmt.Sprintf("%s ", row)
			}
		}
		if err != nil {
			line += state(err) + " "
		}
		said = append(said, line+string(c.PgConn().TxStatus()))
	}
	for _, sql := range []string{
		"CREATE TABLE a (id int PRIMARY KEY)",
		"BEGIN", "INSERT INTO a VALUES (1)", "SELECT id FROM a", "ROLLBACK", "SELECT id FROM a",
		"BEGIN", "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (1)", "SELECT id FROM a", "SELEC", "COMMIT", "SELECT id FROM a",
		"BEGIN; INSERT INTO a VALUES (2); COMMIT", "SELECT id FROM a",
		"INSERT INTO a VALUES (3); INSERT INTO a VALUES (2)", "SELECT id FROM a", // one transaction, and it fails
		"START TRANSACTION", "INSERT INTO a VALUES (4)", "SAVEPOINT s", "INSERT INTO a VALUES (4)", "ROLLBACK TO SAVEPOINT s", "INSERT INTO a VALUES (5)", "RELEASE s", "COMMIT AND NO CHAIN", "SELECT id FROM a ORDER BY id",
		"BEGIN READ ONLY", "INSERT INTO a VALUES (6)", "ROLLBACK",
		"BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT count(*) FROM a", "COMMIT", "COMMIT", "ROLLBACK TO x", "SAVEPOINT x",
		"SET statement_timeout = 50", "SELECT pg_sleep(3)", "SHOW statement_timeout", "SET statement_timeout TO DEFAULT", "SET nonsense = 1", ";",
		"BEGIN", "CREATE TABLE b (x text)", "INSERT INTO b VALUES ('y')", "SELECT x FROM b", "ROLLBACK", "SELECT x FROM b",
	} {
		say(sql)
	}
	return said
}

func TestTransactionsAreAsPostgres(t *testing.T) {
	address := startPostgres(t)
	c, err := connect(t.Context(), node.TCP{}, address, "user=shop dbname=postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context()) //nolint:errcheck // the test is over
	want := transactions(t.Context(), c)
	inWorld(t, func(w *world) {
		w.start(database("db"))
		c := w.connect("")
		defer c.Close(w.t.Context()) //nolint:errcheck // the test is over
		got := transactions(w.t.Context(), c)
		for n := range want {
			want[n] = strings.Replace(want[n], "50ms", "50", 1) // of SHOW
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("transactions (-PostgreSQL +built-in):\n%s", diff)
		}
	})
}

// Whoever writes is alone until COMMIT, others wait for that (and the wait is counted), and who reads waits for nobody
// and sees nothing of it before.
func TestTransactionsWaitForEachOther(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		a, b, c := w.connect(""), w.connect(""), w.connect("")
		for _, sql := range []string{"CREATE TABLE n (v int)", "INSERT INTO n VALUES (1)"} {
			if _, err := a.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
		tx, err := a.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "UPDATE n SET v = v + 1"); err != nil {
			t.Fatal(err)
		}
		waited := make(chan time.Duration)
		began := time.Now()
		go func() {
			if _, err := b.Exec(ctx, "UPDATE n SET v = v * 10"); err != nil {
				t.Error(err)
			}
			waited <- time.Since(began)
		}()
		time.Sleep(2 * time.Second)
		value := func(of *pgx.Conn) (v int) {
			if err := of.QueryRow(ctx, "SELECT v FROM n").Scan(&v); err != nil {
				t.Error(err)
			}
			return v
		}
		if v, took := value(c), time.Since(began); v != 1 || took != 2*time.Second {
			t.Errorf("a reader saw %d after %s, want 1 at once", v, took)
		}
		if v := value(a); v != 2 {
			t.Errorf("the transaction itself saw %d, want 2", v)
		}
		if err := tx.Commit(ctx); err != nil {
			t.Error(err)
		}
		if took := <-waited; took != 2*time.Second {
			t.Errorf("the second writer waited %s, want 2s", took)
		}
		if v := value(c); v != 20 {
			t.Errorf("after both: %d, want 20", v)
		}
		w.counters("db", map[string]float64{"squall_lock_seconds_total": 2})
		a.Close(ctx) //nolint:errcheck // the test is over
		b.Close(ctx) //nolint:errcheck // the test is over
		c.Close(ctx) //nolint:errcheck // the test is over
	})
}

// A transaction whose client leaves, or stays and says nothing, is undone, and others go on.
func TestTransactionOfClientThatIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		leave  func(c *pgx.Conn)
		waited time.Duration
	}{
		"leaves": {func(c *pgx.Conn) { c.PgConn().Conn().Close() }, 0},
		"idle":   {func(*pgx.Conn) {}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(database("db"))
				ctx := w.t.Context()
				a, b := w.connect(""), w.connect("")
				if _, err := a.Exec(ctx, "BEGIN; INSERT INTO squall_writes VALUES ('lost', 'k', 'n', now())"); err != nil {
					t.Fatal(err)
				}
				test.leave(a)
				began := time.Now()
				if _, err := b.Exec(ctx, insert, "kept", "k", "n", "w"); err != nil {
					t.Error(err)
				}
				if waited := time.Since(began); waited != test.waited {
					t.Errorf("the next writer waited %s, want %s", waited, test.waited)
				}
				if diff := cmp.Diff(map[string]int{"kept": 1}, w.writes("db")); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				if test.waited > 0 {
					// It is read before anything is sent: a client that writes first may find the connection broken.
					if said, err := a.PgConn().ReceiveMessage(ctx); state(err) != "25P03" {
						t.Errorf("idle client: got %+v, %v, want 25P03", said, err)
					}
				}
				b.Close(ctx) //nolint:errcheck // the test is over
				a.Close(ctx) //nolint:errcheck // the test is over
			})
		})
	}
}

// pgx's batches, prepared statements, nested transactions and results in parts.
func TestPgxFeatures(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		c := w.connect("")
		defer c.Close(ctx) //nolint:errcheck // the test is over
		if _, err := c.Exec(ctx, "CREATE TABLE p (id int PRIMARY KEY, v text)"); err != nil {
			t.Fatal(err)
		}
		send := func(ids ...int) error {
			var batch pgx.Batch
			for _, id := range ids {
				batch.Queue("INSERT INTO p VALUES ($1, $2)", id, fmt.Sprint("v", id))
			}
			return c.SendBatch(ctx, &batch).Close()
		}
		if err := send(1, 2, 3); err != nil {
			t.Error(err)
		}
		if err := send(4, 5, 1); state(err) != "23505" { // one transaction: 4 and 5 are not there either
			t.Errorf("batch with a conflict: %v", err)
		}
		err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			inner := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "INSERT INTO p VALUES (6, 'six')"); err != nil {
					return err
				}
				return errors.New("changed my mind")
			})
			if inner == nil || inner.Error() != "changed my mind" {
				t.Errorf("nested: %v", inner)
			}
			_, err := tx.Exec(ctx, "INSERT INTO p VALUES (7, 'seven')")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := c.Prepare(ctx, "by-id", "SELECT v FROM p WHERE id = $1"); err != nil {
			t.Fatal(err)
		}
		var v string
		if err := c.QueryRow(ctx, "by-id", 7).Scan(&v); err != nil || v != "seven" {
			t.Errorf("prepared: %q, %v", v, err)
		}
		if got := answerOf(ctx, c, "SELECT id FROM p ORDER BY id"); got != "SELECT 4 (id:23) [1] [2] [3] [7]" {
			t.Errorf("in the end: %s", got)
		}
		_, err = c.Prepare(ctx, "later", "SELECT * FROM p ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(ctx, "ALTER TABLE p ADD COLUMN w int DEFAULT 5"); err != nil {
			t.Fatal(err)
		}
		if got := answerOf(ctx, c, "later"); got != "error 0A000" { // as PostgreSQL: it was told of two columns
			t.Errorf("a statement prepared before the table changed: %s", got)
		}
		if got := answerOf(ctx, c, "SELECT * FROM p WHERE id = 7"); got != "SELECT 1 (id:23 v:25 w:23) [7 seven 5]" {
			t.Errorf("after the table has changed: %s", got)
		}
		var e *pgconn.PgError
		if _, err := c.Exec(ctx, "SELECT DISTINCT ON (id) v FROM p"); !errors.As(err, &e) || e.Code != "0A000" || !strings.Contains(e.Message, "DISTINCT ON") {
			t.Errorf("what it can't is to be named: %v", err)
		}
	})
}

// pg_sleep takes the time that it says, can be cancelled, and holds up nobody but its client.
func TestPgSleep(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		a, b := w.connect(""), w.connect("")
		began := time.Now()
		done := make(chan time.Duration)
		go func() {
			if _, err := a.Exec(ctx, "SELECT pg_sleep(1.5)"); err != nil {
				t.Error(err)
			}
			done <- time.Since(began)
		}()
		time.Sleep(ms)
		if _, err := b.Exec(ctx, "SELECT 1"); err != nil || time.Since(began) != ms {
			t.Errorf("beside it: %v after %s", err, time.Since(began))
		}
		if took := <-done; took != 1500*ms {
			t.Errorf("took %s, want 1.5s", took)
		}
		short, cancel := context.WithTimeout(ctx, 100*ms)
		defer cancel()
		if _, err := b.Exec(short, "SELECT pg_sleep(60)"); err == nil {
			t.Error("want it cancelled")
		}
		a.Close(ctx) //nolint:errcheck // the test is over
		b.Close(ctx) //nolint:errcheck // the test is over
	})
}

// psql, PostgreSQL's own client, against the built-in database.
func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skipf("no psql on this machine (%v); the protocol is tested with pgx alone", err)
	}
	db := start(t, node.TCP{}, node.Config{Node: database("db"), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir()})
	host, port, _ := strings.Cut(db.Listen, ":")
	client, err := connect(t.Context(), node.TCP{}, db.Listen, "")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(t.Context()) //nolint:errcheck // the test is over
	if _, err := client.Exec(t.Context(), insert, "r-1", "k-1", "orders-1", "w"); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(psql, "-X", "-A", "-t", "-h", host, "-p", port, "-U", "shop", "-d", "squall", "-v", "ON_ERROR_STOP=0")
	command.Stdin = strings.NewReader(`
		SELECT id, key, node FROM squall_writes; -- a service's write is a row like any other
		CREATE TABLE t (id serial PRIMARY KEY, name text, at timestamptz DEFAULT now());
		INSERT INTO t (name) VALUES ('a'), ('b') RETURNING id;
		BEGIN; UPDATE t SET name = 'c' WHERE id = 1; ROLLBACK;
		SELECT id, name, at <= now() AS past FROM t ORDER BY id;
		SELECT * FROM missing;
		\bind 2
		SELECT name FROM t WHERE id = $1 \g
		SELECT count(*) FROM t;
	`)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	for _, want := range []string{"r-1|k-1|orders-1", "CREATE TABLE", "1\n2\nINSERT 0 2", "BEGIN\nUPDATE 1\nROLLBACK", "1|a|t\n2|b|t", `relation "missing" does not exist`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("psql did not say %q:\n%s", want, out)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(string(out)), "2") {
		t.Errorf("the count is not 2:\n%s", out)
	}
}

// Eight clients move money between accounts in transactions until the database is killed, again and again: no
// transfer that was acknowledged is lost, none is there by half, and the sum stays.
func TestTransactionsSurviveKill9(t *testing.T) {
	c := node.Config{
		Instance: "db-1", Node: scenarios.Node{Name: "db", Kind: scenarios.KindDatabase},
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir(),
	}
	acknowledged := &ledger{wrote: map[string]bool{}}
	for round := range 3 {
		one := startChild(t, c)
		check(t, round, one.address, acknowledged)
		batter(t, one, acknowledged, func(ctx context.Context, worker int) error {
			conn, err := connect(ctx, node.TCP{}, one.address, "")
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is killed
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", round, worker, n)
				if err := transfer(ctx, conn, id); err != nil {
					return err
				}
				acknowledged.add(id)
			}
		})
	}
	one := startChild(t, c)
	check(t, 3, one.address, acknowledged)
}

func transfer(ctx context.Context, conn *pgx.Conn, id string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		amount := rand.IntN(100)
		for _, move := range []struct{ by, account int }{{-amount, rand.IntN(5)}, {amount, 5 + rand.IntN(5)}} {
			if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance + $1 WHERE id = $2", move.by, move.account); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO transfers (id, amount) VALUES ($1, $2)", id, amount)
		return err
	})
}

// check finds the accounts in order; in the first round it opens them.
func check(t *testing.T, round int, address string, acknowledged *ledger) {
	t.Helper()
	ctx := t.Context()
	conn, err := connect(ctx, node.TCP{}, address, "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // everything is read
	if round == 0 {
		if _, err := conn.Exec(ctx, "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL); CREATE TABLE transfers (id text PRIMARY KEY, amount int)"); err != nil {
			t.Fatal(err)
		}
		for id := range 10 {
			if _, err := conn.Exec(ctx, "INSERT INTO accounts VALUES ($1, 1000)", id); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	var total, moved, sent int64
	if err := conn.QueryRow(ctx, "SELECT (SELECT sum(balance) FROM accounts)::bigint, (SELECT sum(balance) - 5000 FROM accounts WHERE id >= 5)::bigint, (SELECT coalesce(sum(amount), 0) FROM transfers)::bigint").Scan(&total, &moved, &sent); err != nil {
		t.Fatal(err)
	}
	if total != 10000 || moved != sent {
		t.Errorf("round %d: %d in all accounts (want 10000), %d moved by transfers of %d", round, total, moved, sent)
	}
	rows, err := conn.Query(ctx, "SELECT id FROM transfers")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]int)
	for _, id := range ids {
		there[id]++
	}
	acknowledged.check(t, round, there, "")
}

// Writers of different kinds at once leave every row that was acknowledged, and no other.
func TestWritersAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		want := make(map[string]int)
		var mu sync.Mutex
		var all sync.WaitGroup
		for writer := range 8 {
			all.Go(func() {
				c, err := connect(ctx, w.network, "db:80", "")
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close(ctx) //nolint:errcheck // the test is over
				for n := range 50 {
					id := fmt.Sprint(writer, "-", n)
					sql := insert
					if writer%2 == 0 {
						sql = "INSERT INTO squall_writes (id, key, node, at) VALUES ($1, $2, $3, $4::text)"
					}
					if _, err := c.Exec(ctx, sql, id, "k", "n", "2026-01-01 00:00:00+00"); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					want[id]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff(want, w.writes("db")); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}
