package node_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// shop writes to db and reads from its replica, directly and, as front, through a call.
func (w *world) shop(ryw bool) {
	s := service("s", "POST /{key}", scenarios.Step{Write: "db"})
	read := scenarios.Step{Read: "db", ReplicaRead: scenarios.ReplicaRead{Replica: "r", ReadYourWrites: ryw}}
	s.Endpoints = append(s.Endpoints, &scenarios.Endpoint{Match: "GET /{key}", Steps: []scenarios.Step{read}})
	w.start(s, "db=database", "r=database")
	front := service("front", "POST /{key}", scenarios.Step{Call: &scenarios.Call{Node: "s", Method: "POST", Path: "/{key}"}})
	front.Endpoints = append(front.Endpoints, &scenarios.Endpoint{Match: "GET /{key}", Steps: []scenarios.Step{
		{Call: &scenarios.Call{Node: "s", Method: "GET", Path: "/{key}"}}}})
	w.start(front, "s")
}

// Domain D2: a read of a replica that is L behind, d after the user's own write, is stale if d < L: a share of P(d < L). With
// d exponential of mean L that is 1 - 1/e. With read_your_writes none is, and the primary is asked in that share of reads.
func TestStaleReadsOfOwnWrites(t *testing.T) {
	const users, lag = 2000, 200 * ms
	for _, ryw := range []bool{false, true} {
		t.Run(fmt.Sprint("read_your_writes ", ryw), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(primary(1))
				r := replica("r")
				r.Lag = lag
				w.start(r, "db=database")
				w.shop(ryw)
				time.Sleep(time.Second)
				chance := rand.New(rand.NewPCG(1, 2))
				stale := 0
				for n := range users {
					wrote := w.ask("POST", fmt.Sprintf("front:80/key-%d", n), wire.HeaderRequest, fmt.Sprint("w", n))
					position := wrote.header.Get(wire.HeaderPosition)
					if position == "" {
						t.Fatalf("the answer to a write has no position: %s", wrote)
					}
					d := time.Duration(chance.ExpFloat64() * float64(lag))
					time.Sleep(d)
					read := w.ask("GET", fmt.Sprintf("front:80/key-%d", n), wire.HeaderRequest, fmt.Sprint("r", n), wire.HeaderPosition, position)
					is := read.header.Get(wire.HeaderStale) != ""
					if !ryw && is != (d < lag) {
						t.Fatalf("read %s after the write: stale %t, with a lag of %s", d, is, lag)
					}
					if is {
						stale++
					}
				}
				c := w.stats("s").Counters
				share := c["squall_stale_reads_total"] / users
				if ryw {
					share = c["squall_primary_reads_total"] / users
					if stale > 0 || c["squall_stale_reads_total"] > 0 {
						t.Errorf("%d stale reads with read_your_writes", stale)
					}
				} else if c["squall_stale_reads_total"] != float64(stale) {
					t.Errorf("the service counted %g stale reads, its users %d", c["squall_stale_reads_total"], stale)
				}
				if want := 1 - 1/math.E; math.Abs(share-want) > 0.03 {
					t.Errorf("share %.3f, want %.3f", share, want)
				}
			})
		})
	}
}

// Who has written nothing, or was told of no write, reads from the replica, and is told of nothing stale.
func TestReplicaReadsOfStrangers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(primary(1))
		r := replica("r")
		r.Lag = time.Hour
		w.start(r, "db=database")
		w.shop(true)
		w.ask("POST", "front:80/k", wire.HeaderRequest, "w")
		for _, position := range []string{"", "other=99", "db", "db=x", "=7"} {
			if got := w.ask("GET", "front:80/k", wire.HeaderRequest, "r", wire.HeaderPosition, position); got.status != 200 || got.header.Get(wire.HeaderStale) != "" {
				t.Errorf("with position %q: %s, stale %q", position, got, got.header.Get(wire.HeaderStale))
			}
		}
		w.counters("db", map[string]float64{"squall_reads_total": 0})
		w.counters("r", map[string]float64{"squall_reads_total": 5})
	})
}
