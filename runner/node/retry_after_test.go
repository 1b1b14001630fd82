package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A callee that refuses with 429 for a while is asked again when it says so, where the policy names 429: by a service's
// call and by a gateway's route. A policy that does not name it hands 429 up at once.
func TestTooManyRequestsAreTriedAgain(t *testing.T) {
	for _, r := range []struct {
		name   string
		on     []int
		status [2]int // of a service in front, and of a gateway
		took   time.Duration
		asked  int
	}{
		{"unnamed", nil, [2]int{502, 429}, 0, 1},
		{"named", []int{429}, [2]int{200, 200}, 2020 * ms, 3},
	} {
		t.Run(r.name, func(t *testing.T) {
			for n, front := range []scenarios.Node{
				service("front", "GET /", calls("busy")), gatewayNode(scenarios.Route{Match: "/*", To: "busy"}),
			} {
				inWorld(t, func(w *world) {
					asked := 0
					w.leaf("busy", func(rw http.ResponseWriter, _ *http.Request) {
						if asked++; asked < 3 {
							rw.Header().Set("Retry-After", "1")
							rw.WriteHeader(http.StatusTooManyRequests)
						}
					})
					front.Retry = &scenarios.Retry{Attempts: 5, Backoff: 10 * ms, Most: 1010 * ms, On: r.on}
					w.start(front, "busy")
					got := w.ask("GET", front.Name+":80/")
					if got.status != r.status[n] || got.took != r.took || asked != r.asked {
						t.Errorf("%s: got %s after %d attempts, want %d after %s and %d", front.Kind, got, asked, r.status[n], r.took, r.asked)
					}
				})
			}
		})
	}
}
