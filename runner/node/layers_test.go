package node_test

import (
	"net/http"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// Google, Site Reliability Engineering, chapter 22: three layers that each retry three times make 4^3 = 64 attempts on the
// database of one request; when only the layer above it retries, 4.
func TestRetryLayersMultiply(t *testing.T) {
	for _, r := range []struct {
		name   string
		layers []bool // top to bottom: does it retry?
		want   float64
	}{
		{"every layer", []bool{true, true, true}, 64},
		{"one layer", []bool{false, false, true}, 4},
		{"none", []bool{false, false, false}, 1},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				attempts := 0.0
				w.leaf("database", func(rw http.ResponseWriter, _ *http.Request) {
					attempts++
					rw.WriteHeader(503)
				})
				names := []string{"frontend", "backend", "storage", "database"}
				for n := len(r.layers) - 1; n >= 0; n-- {
					layer := service(names[n], "GET /", calls(names[n+1]))
					if r.layers[n] {
						layer.Policy.Retry = &scenarios.Retry{Attempts: 4}
					}
					w.start(layer, names[n+1])
				}
				if got := w.ask("GET", "frontend:80/"); got.status != 502 {
					t.Errorf("got %s, want 502", got)
				}
				if attempts != r.want {
					t.Errorf("%g attempts on the database, want %g", attempts, r.want)
				}
			})
		})
	}
}
