package node_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A cold instance takes its factor longer until its time has passed, whatever a fault adds to that.
func TestColdInstance(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /", work(10*ms))
		n.Cold = &scenarios.Cold{Factor: 5, For: 2 * time.Second}
		w.start(n)
		for _, r := range []struct {
			wait, took time.Duration
			behaviour  string
		}{{0, 50 * ms, ""}, {time.Second, 100 * ms, `{"factor": 2}`}, {time.Second, 20 * ms, `{"factor": 2}`}, {0, 10 * ms, ""}} {
			time.Sleep(r.wait)
			w.behave("s", r.behaviour)
			if got := w.ask("GET", "s:80/"); got.took != r.took {
				t.Errorf("got %s, want %s", got, r.took)
			}
		}
	})
}
