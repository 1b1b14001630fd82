package docker

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// A real PostgreSQL streams to a standby over an edge. Asynchronous, what it acknowledged while that edge was cut is lost when
// it dies and the standby is promoted, all of that and nothing else; synchronous, nothing is acknowledged meanwhile, and none is lost.
// What a promotion has done is counted, and the standby's users are its primary's.
func TestRealPostgresReplicas(t *testing.T) {
	breadth.Today(t, 1, 4)
	inParallel(t)
	image := debimage.Ensure(t.Context(), t, debimage.Postgres)
	for _, mode := range []string{"async", scenarios.ReplicationSync} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Image: image, Part: "postgres",
				Container: scenarios.Container{Env: map[string]string{"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "it's \\ secret"}}}
			db.Mode = mode
			db.Setup = "CREATE TABLE stock (item text PRIMARY KEY, n int NOT NULL); INSERT INTO stock VALUES ('bolt', 7)"
			r := &scenarios.Node{Name: "r", Kind: scenarios.KindDatabase, Image: image, Part: "postgres", Database: scenarios.Database{Replication: scenarios.Replication{ReplicaOf: "db"}}}
			patient := scenarios.Policy{Timeout: 20 * time.Second}
			api := &scenarios.Node{Name: "a", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "POST /work", Steps: []scenarios.Step{{Write: "db", Policy: patient, Failover: scenarios.Failover{Failover: []string{"r"}}}}},
				{Match: "POST /hurried", Steps: []scenarios.Step{{Write: "db", Policy: scenarios.Policy{Timeout: 2 * time.Second}}}},
				{Match: "GET /stock/{item}", Steps: []scenarios.Step{
					{Query: scenarios.Query{SQL: "r", Query: "SELECT n FROM stock WHERE item = {item}"}, RowRead: scenarios.RowRead{Absent: 404, List: true}, Policy: patient}}},
			}}}
			plan := load(planOf(db, r, api), "users", "a")
			plan.Scenario.Nodes = []*scenarios.Node{db, r, api}
			plan.Scenario.Follow()
			s := launch(t, Options{}, plan)
			client := s.client("users:a-1")
			acknowledged := map[string]bool{}
			write := func(path, id string) bool {
				status, wrote := send(t, client, "POST", path, id)
				for _, w := range wrote {
					_, id, _ := strings.Cut(w, "/")
					acknowledged[id] = true
				}
				return status == 200
			}
			for deadline := time.Now().Add(30 * time.Second); ; { // what is set up is streamed, too
				status, _ := send(t, client, "GET", "/stock/bolt", "look")
				if status == 200 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the standby answers %d about what was set up", status)
				}
			}
			for n := range 10 {
				if !write("/work", fmt.Sprint("before", n)) {
					t.Fatal("a write failed without a fault")
				}
			}
			until := streamed(t, s)
			s.inject(t, faults.Primitive{Op: faults.OpOutage, Edge: "r-1:db-1", Outage: &faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenLose}})
			cut := 0
			for n := range 5 {
				if write("/hurried", fmt.Sprint("cut", n)) {
					cut++
				}
				if mode == scenarios.ReplicationSync {
					break // each waits as long as it may
				}
			}
			if want := map[string]int{"async": 5}[mode]; cut != want {
				t.Errorf("%d writes acknowledged while the standby was cut off, want %d", cut, want)
			}
			s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "db-1"})
			undo := s.inject(t, faults.Primitive{Op: faults.OpAsk, Instance: "r-1", Ask: faults.Ask{Promote: true}})
			receipt, err := undo(t.Context())
			if err != nil || len(receipt.Deeds) != 1 || receipt.Deeds[0].String() != "promoted r-1" {
				t.Errorf("promoted: %+v, %v", receipt.Deeds, err)
			}
			if !write("/work", "after") {
				t.Error("a write to the promoted standby failed")
			}
			found, err := node.ReadBack(t.Context(), func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "r-1") }, r)
			if err != nil {
				t.Fatal(err)
			}
			lost := 0
			for id := range acknowledged {
				if found[id] == 1 {
					continue
				}
				lost++
				if !strings.HasPrefix(id, "cut") {
					t.Errorf("%s was acknowledged when the standby was there (up to %s), and is lost", id, until)
				}
			}
			if lost != cut || len(acknowledged) != 11+cut {
				t.Errorf("%d of %d acknowledged writes are lost, want %d of %d", lost, len(acknowledged), cut, 11+cut)
			}
		})
	}
}

// streamed waits until the standby has applied all that its primary has written.
func streamed(t *testing.T, s launched) (position string) {
	t.Helper()
	const ask = `psql -h 127.0.0.1 -U shop -Atc `
	env := `PGPASSWORD="it's \\ secret" `
	for deadline := time.Now().Add(30 * time.Second); ; {
		position = strings.TrimSpace(s.exec(t, "db-1", env+ask+`"SELECT pg_current_wal_flush_lsn()" shop`))
		there := s.exec(t, "r-1", env+ask+`"SELECT pg_last_wal_replay_lsn() >= '`+position+`'" shop`)
		if strings.TrimSpace(there) == "t" {
			return position
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby does not get to %s: %s", position, there)
		}
	}
}
