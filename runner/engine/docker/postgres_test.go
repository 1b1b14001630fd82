package docker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A real PostgreSQL behind an edge, used by a built-in service through pgx: a latency fault is felt,
// kill -9 under load is survived, and every write that was acknowledged is read back.
func TestRealPostgres(t *testing.T) {
	breadth.Today(t, 1, 4)
	inParallel(t)
	name := debimage.Ensure(t.Context(), t, debimage.Postgres)
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Image: name}
	s := launch(t, Options{}, load(planOf(db, service("a", scenarios.Step{Write: "db"})), "users", "a"))
	client := s.client("users:a-1")
	acknowledged := map[string]bool{}
	sent := 0
	write := func() (bool, time.Duration) {
		sent++
		id := fmt.Sprintf("%s-%d", s.Run.Run, sent)
		status, took, wrote := post(t, client, id)
		for _, w := range wrote {
			acknowledged[w] = true
		}
		return status == 200, took
	}
	for range 20 {
		if good, _ := write(); !good {
			t.Fatal("a write failed without a fault")
		}
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpToxic, Edge: "a-1:db-1", Toxic: &faults.Toxic{
		Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 150}}})
	if good, took := write(); !good || took < 150*time.Millisecond || took > 3*time.Second {
		t.Errorf("a write under 150ms of latency: %v, took %s", good, took)
	}
	lift(t, undo)

	undo = s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "db-1"})
	if good, took := write(); good || took > 5*time.Second {
		t.Errorf("a write without a database: %v after %s; want a failure at once", good, took)
	}
	lift(t, undo)
	deadline := time.Now().Add(20 * time.Second)
	for good := false; !good; {
		if good, _ = write(); !good && time.Now().After(deadline) {
			t.Fatal("the service does not find back to its database")
		}
	}
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

// readBack connects past the edges, as the end of a run does.
func readBack(t *testing.T, s launched, c wire.Login) map[string]int {
	t.Helper()
	conn := s.postgres(t, c)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), "SELECT id, count(*) FROM squall_writes GROUP BY id")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	var id string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { found["db/"+id] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return found
}
