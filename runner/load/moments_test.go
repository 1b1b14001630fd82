package load_test

import (
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/scenarios"
)

// Where time is virtual every request is intended for a moment that is its own alone, and is given back: of an open load, of a session's
// further requests, of a closed load's users.
func TestMomentsAreKept(t *testing.T) {
	t.Parallel()
	session := open(10)
	session.Name, session.Think = "sessions", &scenarios.Work{Mean: 37 * time.Millisecond}
	session.Session = &scenarios.Session{Requests: 3}
	closed := &scenarios.Load{Name: "closed", To: "web", Users: 3, Think: &scenarios.Work{Mean: 90 * time.Millisecond}, Requests: []scenarios.Request{{Send: "GET /"}}}
	var mu sync.Mutex
	kept, free := map[int64]bool{}, 0
	loads := []*scenarios.Load{open(20), session, closed}
	var zero time.Time
	out := virtually(t, loads, time.Second, serves(10*time.Millisecond), func(d *runner.Drive, _ *pipes) {
		zero = d.Zero
		d.Keep = func(wait time.Duration) (time.Time, func()) {
			mu.Lock()
			defer mu.Unlock()
			at := time.Now().Add(wait)
			kept[at.UnixNano()] = true
			return at, func() {
				mu.Lock()
				defer mu.Unlock()
				free++
			}
		}
	})
	if out.err != nil {
		t.Fatal(out.err)
	}
	sent := map[string]int{}
	for _, s := range out.samples {
		sent[s.Load]++
		index := map[string]int{"users": 0, "sessions": 1, "closed": 2}[s.Load]
		if !kept[order.Zero(zero, index).Add(s.Intended).UnixNano()] {
			t.Errorf("of %s: nobody kept the moment after %v", s.Load, s.Intended)
		}
	}
	if sent["users"] != 20 || sent["sessions"] <= 10 || sent["closed"] < 20 {
		t.Errorf("sent: %v", sent)
	}
	if free < len(kept) {
		t.Errorf("%d moments were kept, %d given back", len(kept), free)
	}
}
