package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A real PostgreSQL whose data is on a disk that is full: while there is no room for rows it refuses writes and goes on; with no
// room for its log it gives up, which is told with its last words and is the fault's doing. It is back when there is room, and every
// write that was acknowledged, before, meanwhile and after, is there once.
func TestPostgresOnAFullDisk(t *testing.T) {
	breadth.Today(t, 3, 4)
	inParallel(t)
	name := debimage.Ensure(t.Context(), t, debimage.Postgres)
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Image: name, Container: scenarios.Container{
		Volumes: []scenarios.Volume{{Target: postgresData, Size: 192 << 20}},
	}}
	s := launch(t, Options{}, load(planOf(db, service("a", scenarios.Step{Write: "db"})), "users", "a"))
	client := s.client("users:a-1")
	acknowledged := map[string]bool{}
	sent := 0
	write := func() bool {
		sent++
		status, _, wrote := post(t, client, fmt.Sprintf("%s-%d", s.Run.Run, sent))
		for _, w := range wrote {
			acknowledged[w] = true
		}
		return status == 200
	}
	until := func(what string, good bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); write() != good; {
			if time.Now().After(deadline) {
				t.Fatalf("not within a minute: %s", what)
			}
		}
	}
	for range 20 {
		if !write() {
			t.Fatal("a write failed without a fault")
		}
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpFill, Instance: "db-1", Disk: &faults.Disk{Volume: postgresData}})
	until("writes are refused", false)
	refused := s.postgres(t, db.Credentials())
	var version string
	if err := refused.QueryRow(t.Context(), "SHOW server_version").Scan(&version); err != nil {
		t.Errorf("it answers nothing while rows have no room: %v", err)
	}
	// A new segment of the log is 16 MB, and there is none: it can't go on.
	for range 20 {
		if _, err := refused.Exec(t.Context(), "SELECT pg_switch_wal()"); err != nil {
			break
		}
		_, _ = refused.Exec(t.Context(), "SELECT pg_logical_emit_message(false, 'squall', repeat('x', 1000000))")
	}
	refused.Close(context.Background())
	select {
	case err := <-s.System.Died():
		var planned *runner.ByFault
		if !errors.As(err, &planned) || !strings.Contains(err.Error(), `instance "db-1" ended by itself while its fault left no room on its disk: exit code 1; its log is `) ||
			!strings.Contains(err.Error(), "No space left on device") {
			t.Errorf("its end is told as %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on without a log")
	}
	if began := time.Now(); write() || time.Since(began) > 5*time.Second {
		t.Errorf("a write without a database took %s", time.Since(began))
	}
	if receipt := lift(t, undo); !strings.Contains(faults.DeedsText(receipt.Deeds), "written to "+postgresData+" of db-1") {
		t.Errorf("receipt %q", faults.DeedsText(receipt.Deeds))
	}
	until("writes are taken again", true)
	for range 20 {
		write()
	}
	found := readBack(t, s, db.Credentials())
	if len(acknowledged) < 41 {
		t.Errorf("%d writes acknowledged", len(acknowledged))
	}
	for id := range acknowledged {
		if found[id] != 1 {
			t.Errorf("the acknowledged write %s is there %d times", id, found[id])
		}
	}
}

// postgresData is where PostgreSQL's image has its data.
const postgresData = "/var/lib/postgresql/data"

// postgres connects to a database past the edges.
func (s launched) postgres(t *testing.T, c wire.Login) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s:%s@db/%s?sslmode=disable", c.User, c.Password, c.Database))
	if err != nil {
		t.Fatal(err)
	}
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil } // the dialer knows the way
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.DialInstance(ctx, "db-1") }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
