//go:build unix

package node_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// startPostgres runs a real PostgreSQL from this machine's own installation, and returns where it listens.
func startPostgres(t *testing.T) string {
	t.Helper()
	server, err := exec.LookPath("postgres")
	if err != nil {
		t.Skipf("no PostgreSQL on this machine (%v); the built-in database is tested against pgx alone", err)
	}
	if server, err = filepath.EvalSymlinks(server); err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: its parent is closed to the account that PostgreSQL runs as.
	folder, err := os.MkdirTemp("", "squall-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	credential := unprivileged(t, folder)
	initialise := exec.Command(filepath.Join(filepath.Dir(server), "initdb"), "-D", folder+"/data", "-U", "shop", "--auth=trust", "--no-sync")
	initialise.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	initialise.Dir = folder
	if out, err := initialise.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	run := exec.Command(server, "-D", folder+"/data", "-h", "127.0.0.1", "-p", port, "-k", "")
	run.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	run.Dir = folder
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		run.Process.Signal(syscall.SIGQUIT) //nolint:errcheck // it may be gone
		run.Wait()                          //nolint:errcheck // how it ends is no matter
	})
	awaitPostgres(t, address)
	return address
}

// unprivileged is who PostgreSQL is to run as, which is never root; the folder is made theirs.
func unprivileged(t *testing.T, folder string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Skipf("root can't run PostgreSQL, and there is no account for it: %v", err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func awaitPostgres(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		c, err := connect(t.Context(), node.TCP{}, address, "user=shop dbname=postgres")
		if err == nil {
			c.Close(t.Context()) //nolint:errcheck // it answered
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL does not answer: %v", err)
		}
	}
}

// A real PostgreSQL takes the built-in database's place without the service knowing: many instances
// race to make the table, writes and reads work, a retried write shows as a duplicate, and all is read back.
func TestRealPostgresTakesTheDatabasesPlace(t *testing.T) {
	address := startPostgres(t)
	const dsn = "shop:unused@postgres"
	dial := func(ctx context.Context) (net.Conn, error) { return node.TCP{}.DialContext(ctx, "tcp", address) }
	empty, err := node.ReadWrites(t.Context(), dial, dsn)
	if err != nil || len(empty) != 0 {
		t.Errorf("before there is a table: %v, %v", empty, err)
	}

	var instances []string
	for n := range 8 {
		s := service("orders", "POST /orders/{id}", scenarios.Step{Write: "db"}, scenarios.Step{Read: "db"})
		s.Policy = scenarios.Policy{Timeout: 20 * time.Second}
		instances = append(instances, start(t, node.TCP{}, node.Config{
			Instance: fmt.Sprint("orders-", n+1), Node: s, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
			Upstreams: map[string][]node.Upstream{"db": {{Instance: "db-1", Address: address, Kind: scenarios.KindDatabase, DSN: dsn}}},
		}).Listen)
	}
	w := &world{t: t, client: newClient(t)}
	want := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 160 {
		all.Go(func() {
			id := fmt.Sprint("r-", n/2) // each request twice: a retry that wrote twice
			got, err := w.try(t.Context(), "POST", instances[n%8]+"/orders/"+strconv.Itoa(n), wire.HeaderRequest, id)
			if err != nil || got.status != 200 || got.header.Get(wire.HeaderWrote) != "db/"+id+":orders:0" {
				t.Errorf("request %d: %s %v, %v", n, got, got.header, err)
			}
			mu.Lock()
			defer mu.Unlock()
			want[id+":orders:0"]++
		})
	}
	all.Wait()
	got, err := node.ReadWrites(t.Context(), dial, dsn)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// What costs and what is to be there once mean the same to a real PostgreSQL: a costly read takes its time, and of
// many writes of one id at the same time one is made.
func TestRealPostgresKnowsCostsAndKeys(t *testing.T) {
	address := startPostgres(t)
	const dsn = "shop:unused@postgres"
	s := service("orders", "POST /orders/{id}", scenarios.Step{Write: "db", Idempotent: true})
	s.Endpoints = append(s.Endpoints, &scenarios.Endpoint{Match: "GET /report", Steps: []scenarios.Step{{Read: "db", Cost: &scenarios.Work{Mean: 300 * ms}}}})
	listen := start(t, node.TCP{}, node.Config{
		Node: s, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Upstreams: map[string][]node.Upstream{"db": {{Instance: "db-1", Address: address, Kind: scenarios.KindDatabase, DSN: dsn}}},
	}).Listen
	w := &world{t: t, client: newClient(t)}
	if got := w.ask("GET", listen+"/report"); got.status != 200 || got.took < 300*ms {
		t.Errorf("report on an empty table: %s, want 200 after 300ms or more", got)
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			got, err := w.try(t.Context(), "POST", listen+"/orders/1", wire.HeaderRequest, "r")
			if err != nil || got.status != 200 || got.header.Get(wire.HeaderWrote) != "db/r:orders:0" {
				t.Errorf("%s %v, %v", got, got.header, err)
			}
		})
	}
	all.Wait()
	got, err := node.ReadWrites(t.Context(), func(ctx context.Context) (net.Conn, error) { return node.TCP{}.DialContext(ctx, "tcp", address) }, dsn)
	if err != nil || len(got) != 1 || got["r:orders:0"] != 1 {
		t.Errorf("read back %v (%v), want the one write once", got, err)
	}
}
