package node_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Four writes of 10 ms at once: of one key, with locks, one after another; else side by side.
func TestRowLocks(t *testing.T) {
	for _, test := range []struct {
		name   string
		locks  bool
		keys   int
		took   time.Duration
		waited float64
	}{{"one key", true, 1, 40 * ms, .06}, {"two keys", true, 2, 20 * ms, .02}, {"four keys", true, 4, 10 * ms, 0}, {"no locks", false, 1, 10 * ms, 0}} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Database: scenarios.Database{RowLocks: test.locks, WriteTime: &scenarios.Work{Mean: 10 * ms}}})
				w.start(service("s", "PUT /rows/{id}", scenarios.Step{Write: "db"}), "db=database")
				began := time.Now()
				var all sync.WaitGroup
				for n := range 4 {
					all.Go(func() {
						if got := w.ask("PUT", fmt.Sprintf("s:80/rows/%d", n%test.keys)); got.status != 200 {
							t.Errorf("got %s", got)
						}
					})
				}
				all.Wait()
				if took := time.Since(began); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
				w.counters("db", map[string]float64{"squall_lock_seconds_total": test.waited})
			})
		})
	}
}
