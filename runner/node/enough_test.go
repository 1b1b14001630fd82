package node_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Ten parts, the nth of which takes n*10 ms: a share of them is there after exactly so long, and the
// calls to the others end then.
func TestEnoughParts(t *testing.T) {
	for _, test := range []struct {
		name     string
		share    float64
		fail     int // so many parts fail at once, the quickest first
		took     time.Duration
		status   int
		degraded string
		missing  float64
	}{
		{"all", 1, 0, 100 * ms, 200, "", 0},
		{"a share that is all", .95, 0, 100 * ms, 200, "", 0},
		{"nine of ten", .9, 0, 90 * ms, 200, "parallel: 9 of 10 parts", 1},
		{"half", .5, 0, 50 * ms, 200, "parallel: 5 of 10 parts", 5},
		{"one fails, nine are enough", .9, 1, 100 * ms, 200, "parallel: 9 of 10 parts", 1},
		{"two fail, nine can't be reached", .9, 2, 0, 502, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var given atomic.Int64
				var parts []scenarios.Step
				for n := 1; n <= 10; n++ {
					name := fmt.Sprintf("leaf%d", n)
					w.leaf(name, func(rw http.ResponseWriter, r *http.Request) {
						if n <= test.fail {
							rw.WriteHeader(500)
							return
						}
						select {
						case <-time.After(time.Duration(n) * 10 * ms):
						case <-r.Context().Done():
							given.Add(1)
						}
					})
					parts = append(parts, calls(name))
				}
				var names []string
				for n := 1; n <= 10; n++ {
					names = append(names, fmt.Sprintf("leaf%d", n))
				}
				w.start(service("s", "GET /", scenarios.Step{Parallel: parts, WaitFor: test.share}), names...)
				got := w.ask("GET", "s:80/")
				if got.status != test.status || got.took != test.took || got.header.Get(wire.HeaderDegraded) != test.degraded {
					t.Errorf("got %s (degraded %q), want %d after %s (%q)", got, got.header.Get(wire.HeaderDegraded), test.status, test.took, test.degraded)
				}
				time.Sleep(ms)
				w.counters("s", map[string]float64{"squall_parts_missing_total": test.missing, "squall_in_flight": 0})
				if test.status == 200 && float64(given.Load()) != math.Max(test.missing-float64(test.fail), 0) {
					t.Errorf("%d calls were given up, want %g", given.Load(), test.missing)
				}
			})
		})
	}
}

// "The Tail at Scale" (Dean and Barroso, CACM 56(2), 2013): a leaf is slow (1 s in place of 10 ms) once in
// 100. Of requests to 100 leaves 63 % are slow (1-.99^100); of those that wait for 98 of them it is
// the chance that 3 or more of 100 are slow, 7.9 %, and with 95 that of 6 or more, 0.05 %.
func TestTailAtScaleGoodEnough(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const leaves, requests = 100, 300
	for _, test := range []struct {
		share, slow float64
	}{{0, .634}, {.98, .0794}, {.95, .0005}} {
		t.Run(fmt.Sprintf("wait for %g", test.share), func(t *testing.T) {
			inWorld(t, func(w *world) {
				r := rand.New(rand.NewPCG(5, 5))
				chances := make(chan bool, leaves*requests)
				for range cap(chances) {
					chances <- r.Float64() < .01
				}
				w.leaf("leaf", func(_ http.ResponseWriter, r *http.Request) {
					wait := 10 * ms
					if <-chances {
						wait = time.Second
					}
					select {
					case <-time.After(wait):
					case <-r.Context().Done():
					}
				})
				parts := make([]scenarios.Step, leaves)
				for n := range parts {
					parts[n] = calls("leaf")
				}
				w.start(service("root", "GET /", scenarios.Step{Parallel: parts, WaitFor: test.share}), "leaf")
				slow := 0.
				for range requests {
					if w.ask("GET", "root:80/").took >= time.Second {
						slow++
					}
				}
				slow /= requests
				allowed := 4 * math.Sqrt(test.slow*(1-test.slow)/requests)
				t.Logf("%.1f%% slow, theory %.1f%%", 100*slow, 100*test.slow)
				if math.Abs(slow-test.slow) > allowed {
					t.Errorf("%.3f slow, want %.3f within %.3f", slow, test.slow, allowed)
				}
			})
		})
	}
}
