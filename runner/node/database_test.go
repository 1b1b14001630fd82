package node_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// connect is a pgx connection, as any client would make it.
func connect(ctx context.Context, network wire.Network, address, options string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=disable host=db port=80 " + options)
	if err != nil {
		return nil, err
	}
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return network.DialContext(ctx, "tcp", address)
	}
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return pgx.ConnectConfig(ctx, config)
}

func (w *world) connect(options string) *pgx.Conn {
	w.t.Helper()
	c, err := connect(w.t.Context(), w.network, "db:80", options)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func state(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

const (
	insert   = `INSERT INTO squall_writes (id, key, node, at) SELECT $1::text, $2::text, $3::text, now() WHERE $4::text IS NOT NULL`
	selectID = `SELECT id FROM squall_writes WHERE key = $1 AND $2::text IS NOT NULL ORDER BY at DESC LIMIT 1`
	readBack = `SELECT id, count(*) FROM squall_writes GROUP BY id`
)

func database(name string) scenarios.Node {
	return scenarios.Node{Name: name, Kind: scenarios.KindDatabase}
}

// pgx, in each way in which it sends statements, against the built-in database.
func TestPgxSpeaksToTheDatabase(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		for n, mode := range []pgx.QueryExecMode{
			pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec,
		} {
			c := w.connect("")
			id, key := fmt.Sprint("id-", n), fmt.Sprint("key-", n)
			tag, err := c.Exec(ctx, insert, mode, id, key, "n", "why")
			if err != nil || tag.String() != "INSERT 0 1" {
				t.Errorf("%s: insert: %q, %v", mode, tag, err)
			}
			var got string
			if err := c.QueryRow(ctx, selectID, mode, key, "why").Scan(&got); err != nil || got != id {
				t.Errorf("%s: select: %q, %v", mode, got, err)
			}
			if err := c.QueryRow(ctx, selectID, mode, "nobody", "why").Scan(&got); !errors.Is(err, pgx.ErrNoRows) {
				t.Errorf("%s: select of nothing: %v", mode, err)
			}
			if err := c.Ping(ctx); err != nil {
				t.Errorf("%s: ping: %v", mode, err)
			}
			if err := c.Close(ctx); err != nil {
				t.Errorf("%s: close: %v", mode, err)
			}
		}
		// The simple protocol, and text results.
		c := w.connect("")
		defer c.Close(ctx) //nolint:errcheck // the test is over
		results, err := c.PgConn().Exec(ctx, readBack+";").ReadAll()
		if err != nil || len(results) != 1 || len(results[0].Rows) != 4 || string(results[0].Rows[0][1]) != "1" {
			t.Errorf("simple read back: %v, %v", results, err)
		}
		if tag, err := c.Exec(ctx, "CREATE TABLE IF NOT EXISTS\n  squall_writes (id text NOT NULL, key text NOT NULL, node text NOT NULL, at timestamptz NOT NULL); -- again"); err != nil {
			t.Errorf("create table: %q, %v", tag, err)
		}
	})
}

// What the database does not know is an error with a SQLSTATE, and the connection goes on.
func TestStatementsThatFail(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		ctx := w.t.Context()
		c := w.connect("")
		defer c.Close(ctx) //nolint:errcheck // the test is over
		for _, r := range []struct {
			name, want string
			do         func() error
		}{
			{"unknown, extended", "0A000", func() error {
				return c.PgConn().ExecParams(ctx, "LISTEN orders", nil, nil, nil, nil).Read().Err
			}},
			{"unknown, simple", "0A000", func() error { _, err := c.PgConn().Exec(ctx, "COPY squall_writes TO STDOUT").ReadAll(); return err }},
			{"parameters in the simple protocol", "42P02", func() error { _, err := c.PgConn().Exec(ctx, insert).ReadAll(); return err }},
			{"null", "23502", func() error { _, err := c.Exec(ctx, insert, nil, "k", "n", "w"); return err }},
			{"too few parameters", "08P01", func() error {
				return c.PgConn().ExecParams(ctx, insert, [][]byte{[]byte("a")}, nil, nil, nil).Read().Err
			}},
			{"no such prepared statement", "26000", func() error { return c.PgConn().ExecPrepared(ctx, "nope", nil, nil, nil).Read().Err }},
		} {
			if got := state(r.do()); got != r.want {
				t.Errorf("%s: got %s, want %s", r.name, got, r.want)
			}
			if _, err := c.Exec(ctx, insert, "id", "k", "n", "w"); err != nil {
				t.Fatalf("after %s: %v", r.name, err)
			}
		}
	})
}

func TestConnectionLimit(t *testing.T) {
	inWorld(t, func(w *world) {
		n := database("db")
		n.Connections = 2
		w.start(n)
		ctx := w.t.Context()
		a, b := w.connect(""), w.connect("")
		if _, err := connect(ctx, w.network, "db:80", ""); state(err) != "53300" {
			t.Errorf("third: got %v, want 53300", err)
		}
		w.counters("db", map[string]float64{"squall_connections": 2, "squall_connections_refused_total": 1})
		a.Close(ctx) //nolint:errcheck // seen below
		time.Sleep(ms)
		c := w.connect("")
		b.Close(ctx) //nolint:errcheck // the test is over
		c.Close(ctx) //nolint:errcheck // the test is over
	})
}

func TestPasswords(t *testing.T) {
	inWorld(t, func(w *world) {
		n := database("db")
		n.DSN = "shop:pa@ss@orders"
		w.start(n)
		ctx := w.t.Context()
		w.connect("user=shop password=pa@ss dbname=orders").Close(ctx) //nolint:errcheck // it connected
		for _, wrong := range []string{"user=shop password=wrong", "user=other password=pa@ss", "user=shop"} {
			if _, err := connect(ctx, w.network, "db:80", wrong); err == nil {
				t.Errorf("%s: want an error", wrong)
			}
		}
	})
}

// A read of 30 ms and a write of 70 take that long, and a timeout cancels the statement at its time.
func TestReadAndWriteTimes(t *testing.T) {
	inWorld(t, func(w *world) {
		n := database("db")
		n.ReadTime, n.WriteTime = &scenarios.Work{Mean: 30 * ms}, &scenarios.Work{Mean: 70 * ms}
		w.start(n)
		s := service("s", "GET /read", scenarios.Step{Read: "db"})
		s.Endpoints = append(s.Endpoints,
			&scenarios.Endpoint{Match: "GET /write", Steps: []scenarios.Step{{Write: "db"}}},
			&scenarios.Endpoint{Match: "GET /hasty", Steps: []scenarios.Step{{Write: "db", Policy: scenarios.Policy{Timeout: 50 * ms}}}})
		w.start(s, "db=database")
		for _, r := range []struct {
			path   string
			status int
			took   time.Duration
		}{{"/read", 200, 30 * ms}, {"/write", 200, 70 * ms}, {"/hasty", 504, 50 * ms}} {
			if got := w.ask("GET", "s:80"+r.path, wire.HeaderRequest, "r"); got.status != r.status || got.took != r.took {
				t.Errorf("%s: got %s, want %d after %s", r.path, got, r.status, r.took)
			}
		}
		time.Sleep(time.Second)
		// The cancelled statement did not write: pgx's cancel request reached it.
		if diff := cmp.Diff(map[string]int{"r:s:0": 1}, w.writes("db")); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		w.behave("db", `{"slow": 1000000000, "factor": 2}`)
		if got := w.ask("GET", "s:80/read"); got.took != time.Second+60*ms {
			t.Errorf("slowed: got %s, want 200 after 1.06s", got)
		}
		w.behave("db", `{"errors": 1}`)
		if got := w.ask("GET", "s:80/read"); got.status != 502 || got.took != 0 {
			t.Errorf("broken: got %s, want 502 at once", got)
		}
		if c := w.stats("s").Calls["db-1"]; c.Failures != 2 {
			t.Errorf("calls: %+v, want 2 failures", c)
		}
	})
}

// A pool held for 100 ms each carries 10 statements a second and connection (Little's law): 200 at once take 2 s with the 10
// connections that a pool has by default, and half a second with 40.
func TestPoolIsBounded(t *testing.T) {
	for _, r := range []struct {
		pool        int
		connections float64
		want        time.Duration
	}{{0, 10, 2 * time.Second}, {40, 40, time.Second / 2}} {
		inWorld(t, func(w *world) {
			n := database("db")
			n.WriteTime = &scenarios.Work{Mean: 100 * ms}
			w.start(n)
			s := service("s", "GET /", scenarios.Step{Write: "db"})
			s.Workers, s.Pool = 1000, r.pool
			w.start(s, "db=database")
			w.ask("GET", "s:80/") // makes the table
			began := time.Now()
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() { w.ask("GET", "s:80/") })
			}
			all.Wait()
			if took := time.Since(began); took != r.want {
				t.Errorf("pool %d: 200 writes took %s, want %s", r.pool, took, r.want)
			}
			w.counters("db", map[string]float64{"squall_connections": r.connections, "squall_writes_total": 201})
		})
	}
}

// A database that ends and starts again has what it acknowledged, and services find it again by themselves.
func TestRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run(database("db"))
		w.start(service("s", "POST /{id}", scenarios.Step{Write: "db"}, scenarios.Step{Read: "db"}), "db=database")
		want := map[string]int{}
		write := func(n int) int {
			id := fmt.Sprint("r-", n)
			got := w.ask("POST", "s:80/x", wire.HeaderRequest, id)
			if got.status == 200 {
				want[id+":s:0"] = 1
			}
			return got.status
		}
		for n := range 100 {
			if got := write(n); got != 200 {
				t.Fatalf("write %d: %d", n, got)
			}
		}
		stop()
		if got := write(100); got != 502 {
			t.Errorf("while it is down: got %d, want 502", got)
		}
		w.run(database("db"))
		for n := 101; n < 120; n++ {
			// A pool finds out about each of its broken connections by using it.
			if got := write(n); got != 200 && n > 111 {
				t.Errorf("write %d after the restart: %d", n, got)
			}
		}
		if diff := cmp.Diff(want, w.writes("db")); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}

// A statement that runs when the database is told to end is finished; idle sessions are told 57P01.
func TestDatabaseShutdown(t *testing.T) {
	inWorld(t, func(w *world) {
		n := database("db")
		n.WriteTime = &scenarios.Work{Mean: 2 * time.Second}
		stop := w.run(n)
		ctx := w.t.Context()
		idle, busy := w.connect(""), w.connect("")
		result := make(chan error)
		go func() {
			_, err := busy.Exec(ctx, insert, "id", "k", "n", "w")
			result <- err
		}()
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %s to end, want 1s", took)
		}
		if err := <-result; err != nil {
			t.Errorf("the statement that ran: %v", err)
		}
		if _, err := idle.WaitForNotification(ctx); state(err) != "57P01" {
			t.Errorf("idle: got %v, want 57P01", err)
		}
	})
}

// 5,000 rows come back whole, in more than one piece.
func TestReadWritesOfMany(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db"))
		c := w.connect("")
		defer c.Close(w.t.Context()) //nolint:errcheck // the test is over
		want := map[string]int{}
		for n := range 5000 {
			id := fmt.Sprint("id-", n%4900)
			if _, err := c.Exec(w.t.Context(), insert, id, "k", "n", "w"); err != nil {
				t.Fatal(err)
			}
			want[id]++
		}
		if diff := cmp.Diff(want, w.writes("db")); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}
