package node_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// primary is a database with so many replicas.
func primary(replicas int) scenarios.Node {
	n := database("db")
	n.Followers = replicas
	return n
}

func replica(name string) scenarios.Node {
	n := database(name)
	n.ReplicaOf = "db"
	return n
}

// writer is a service that writes to db.
func writer() scenarios.Node { return service("w", "POST /{key}", scenarios.Step{Write: "db"}) }

// write makes n writes, 10 ms apart.
func (w *world) write(from, n int) {
	w.t.Helper()
	for i := from; i < from+n; i++ {
		if got := w.ask("POST", fmt.Sprintf("w:80/key-%d", i), wire.HeaderRequest, fmt.Sprint("r", i)); got.status != 200 {
			w.t.Fatalf("write %d: %s", i, got)
		}
		time.Sleep(10 * ms)
	}
}

// same waits until two databases hold the same n writes.
func (w *world) same(a, b string, n int) {
	w.t.Helper()
	var left, right map[string]int
	for range 500 {
		left, right = w.writes(a), w.writes(b)
		if len(left) == n && cmp.Equal(left, right) {
			return
		}
		time.Sleep(10 * ms)
	}
	w.t.Fatalf("%s holds %d writes and %s %d, want the same %d", a, len(left), b, len(right), n)
}

// A replica gets what was there before it and what comes, answers reads, refuses writes, and goes on after a restart
// of either side.
func TestReplicaFollows(t *testing.T) {
	inWorld(t, func(w *world) {
		stopPrimary := w.run(primary(1))
		w.start(writer(), "db=database")
		w.write(0, 5)
		stopReplica := w.run(replica("r"), "db=database")
		w.write(5, 5)
		w.same("db", "r", 10)
		w.counters("db", map[string]float64{"squall_replicas_connected": 1, "squall_streamed_records_total": 10})
		w.counters("r", map[string]float64{"squall_streamed_records_total": 10})

		c, err := connect(w.t.Context(), w.network, "r:80", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(w.t.Context(), insert, "id", "k", "n", "why"); state(err) != "25006" {
			t.Errorf("a write on a replica: %v, want 25006", err)
		}
		c.Close(w.t.Context()) //nolint:errcheck // it was only asked
		w.counters("r", map[string]float64{"squall_read_only_total": 1})

		stopReplica()
		w.write(10, 5)
		w.start(replica("r"), "db=database")
		w.same("db", "r", 15)
		stopPrimary()
		time.Sleep(3 * time.Second)
		w.start(primary(1))
		w.write(15, 5)
		w.same("db", "r", 20)
	})
}

// Who cancels a statement of before a restart ends none of those that come after it: no session has the number and the secret of one before.
func TestCancelOfBeforeARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		secret := func() (uint32, string) {
			stop := w.run(primary(1))
			defer stop()
			c := w.connect("")
			defer c.Close(w.t.Context()) //nolint:errcheck // the database may be gone first
			return c.PgConn().PID(), string(c.PgConn().SecretKey())
		}
		pid, before := secret()
		time.Sleep(time.Second)
		if again, after := secret(); again != pid || after == before {
			t.Errorf("session %d has the secret %x, and session %d after a restart has %x", pid, before, again, after)
		}
	})
}

// With lag: 200ms a record shows 200 ms after it was committed, and the gauge says so; a quiet replica has no lag.
func TestApplyLag(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(primary(1))
		w.start(writer(), "db=database")
		r := replica("r")
		r.Lag = 200 * ms
		w.start(r, "db=database")
		time.Sleep(time.Second)
		if lag := w.stats("r").Counters["squall_replication_lag_seconds"]; lag > 0.001 {
			t.Errorf("a replica that has all is %gs behind", lag)
		}
		w.write(0, 1) // and 10 ms pass
		time.Sleep(180 * ms)
		if got := w.writes("r"); len(got) != 0 {
			t.Errorf("190 ms after the write: %v, want nothing yet", got)
		}
		time.Sleep(11 * ms)
		if got := w.writes("r"); len(got) != 1 {
			t.Errorf("201 ms after the write: %v, want it", got)
		}
		w.write(1, 50)
		if lag := w.stats("r").Counters["squall_replication_lag_seconds"]; lag < 0.2 || lag > 0.22 {
			t.Errorf("lag %gs under writes, want 0.2", lag)
		}
	})
}

// With replication: sync a write is acknowledged when every replica (sync: 1: one) has it, and waits for as long as its caller does
// while there is none.
func TestSyncReplication(t *testing.T) {
	for _, r := range []struct{ sync, running, status int }{{0, 0, 504}, {0, 1, 504}, {0, 2, 200}, {1, 0, 504}, {1, 1, 200}, {2, 1, 504}} {
		t.Run(fmt.Sprintf("sync %d of 2, %d running", r.sync, r.running), func(t *testing.T) {
			inWorld(t, func(w *world) {
				n := primary(2)
				n.Mode, n.Sync = scenarios.ReplicationSync, r.sync
				w.start(n)
				for i := range r.running {
					w.start(replica(fmt.Sprint("r", i)), "db=database")
				}
				s := writer()
				s.Timeout = 300 * ms
				w.start(s, "db=database")
				time.Sleep(time.Second)
				got := w.ask("POST", "w:80/k", wire.HeaderRequest, "one")
				if got.status != r.status {
					t.Fatalf("got %s, want %d", got, r.status)
				}
				if r.status == 200 {
					for i := range r.running {
						if there := w.writes(fmt.Sprint("r", i)); len(there) != 1 {
							t.Errorf("acknowledged, and replica %d has %v", i, there)
						}
					}
				} else if got.took != 300*ms {
					t.Errorf("it waited for %s, want the caller's 300ms", got.took)
				}
			})
		})
	}
}

// A promoted replica takes writes with all that reached it, also after a restart, and its old primary takes none once it
// was told, also after a restart.
func TestPromotion(t *testing.T) {
	inWorld(t, func(w *world) {
		stopPrimary := w.run(primary(1))
		w.start(writer(), "db=database")
		r := replica("r")
		r.Lag = 10 * time.Second // what has arrived and not shown yet is not lost
		stopReplica := w.run(r, "db=database")
		w.write(0, 5)
		stopPrimary()
		w.asks("r", `[{"promote": true}]`)
		w.asks("r", `[{"promote": true}]`)
		if got := w.writes("r"); len(got) != 5 {
			t.Errorf("the promoted replica has %v, want 5 writes", got)
		}
		write := func(address string) error {
			c, err := connect(w.t.Context(), w.network, address, "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(w.t.Context()) //nolint:errcheck // the test is over
			_, err = c.Exec(w.t.Context(), insert, "id"+time.Now().String(), "k", "n", "why")
			return err
		}
		if err := write("r:80"); err != nil {
			t.Errorf("a write on the promoted replica: %v", err)
		}
		stopReplica()
		w.start(r, "db=database")
		if err := write("r:80"); err != nil {
			t.Errorf("a write on the promoted replica after its restart: %v", err)
		}
		stopPrimary = w.run(primary(1))
		time.Sleep(1100 * ms) // a reconnect's longest wait
		if err := write("db:80"); state(err) != "25006" {
			t.Errorf("a write on the deposed primary: %v, want 25006", err)
		}
		stopPrimary()
		w.start(primary(1))
		if err := write("db:80"); state(err) != "25006" {
			t.Errorf("a write on the deposed primary after a restart: %v, want 25006", err)
		}
	})
}

// Many writers at once: the replica has all, each once, in whatever batches they came.
func TestReplicaOfManyWriters(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(primary(2))
		w.start(writer(), "db=database")
		for _, name := range []string{"r", "q"} {
			w.start(replica(name), "db=database")
		}
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				for i := range 50 {
					w.ask("POST", fmt.Sprintf("w:80/key-%d", n), wire.HeaderRequest, fmt.Sprintf("r%d-%d", n, i))
				}
			})
		}
		all.Wait()
		w.same("db", "r", 1000)
		w.same("db", "q", 1000)
	})
}

// Domain D12: a replica is promoted while its primary, cut off from it alone, still serves clients. Without a lease both
// take writes until the connection is back; with one there is not a moment in which both do, and the old one
// takes none after a restart either, before it has heard from its replica.
func TestLeaseFencesTheOldPrimary(t *testing.T) {
	for _, lease := range []time.Duration{0, 500 * ms} {
		t.Run(fmt.Sprint("lease ", lease), func(t *testing.T) {
			inWorld(t, func(w *world) {
				old := primary(1)
				old.Lease = lease
				stop := w.run(old)
				r := replica("r")
				r.PrimaryLease = lease
				cut := make(chan struct{})
				forward(w, "link:80", "db:80", cut)
				c := w.config(r)
				c.Upstreams["db"] = upstream("db", scenarios.KindDatabase, "link:80")
				start(w.t, w.network, c)
				time.Sleep(time.Second)

				times := map[string][]time.Time{}
				var mu sync.Mutex
				writing, end := context.WithCancel(w.t.Context())
				var writers sync.WaitGroup
				for _, address := range []string{"db:80", "r:80"} {
					writers.Go(func() {
						for n := 0; writing.Err() == nil; n++ {
							c, err := connect(w.t.Context(), w.network, address, "")
							if err == nil {
								_, err = c.Exec(w.t.Context(), insert, fmt.Sprint(address, n), "k", "n", "why")
								c.Close(w.t.Context()) //nolint:errcheck // it was only asked
							}
							if err == nil {
								mu.Lock()
								times[address] = append(times[address], time.Now())
								mu.Unlock()
							}
							time.Sleep(20 * ms)
						}
					})
				}
				time.Sleep(time.Second)
				close(cut) // both ways, and for good
				time.Sleep(200 * ms)
				w.asks("r", `[{"promote": true}]`)
				time.Sleep(2 * time.Second)
				stop()
				w.start(old)
				time.Sleep(2 * time.Second)
				end()
				writers.Wait()
				if len(times["db:80"]) == 0 || len(times["r:80"]) == 0 {
					t.Fatalf("the old primary took %d writes, the new one %d", len(times["db:80"]), len(times["r:80"]))
				}
				both := times["db:80"][len(times["db:80"])-1].Sub(times["r:80"][0])
				if lease > 0 && both >= 0 {
					t.Errorf("both took writes for %s", both)
				}
				if lease == 0 && both < 4*time.Second {
					t.Errorf("without a lease both took writes for %s, want all the time", both)
				}
				if gap := -both; lease > 0 && gap > lease {
					t.Errorf("nobody took writes for %s, want the lease of %s at most", gap, lease)
				}
			})
		})
	}
}

// forward hands every connection on, until it is cut: then nothing passes, and nothing is told.
func forward(w *world, from, to string, cut <-chan struct{}) {
	l, err := w.network.Listen(w.t.Context(), "tcp", from)
	if err != nil {
		w.t.Fatal(err)
	}
	var accepting, all sync.WaitGroup
	var open []net.Conn
	accepting.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			open = append(open, near)
			far, err := w.network.DialContext(w.t.Context(), "tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			open = append(open, far)
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				all.Go(func() {
					b := make([]byte, 64<<10)
					for {
						n, err := way[0].Read(b)
						if err != nil {
							way[1].Close()
							return
						}
						select {
						case <-cut:
							continue
						default:
							way[1].Write(b[:n]) //nolint:errcheck // the next read tells
						}
					}
				})
			}
		}
	})
	w.t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		for _, c := range open {
			c.Close()
		}
		all.Wait()
	})
}
