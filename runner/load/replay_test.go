package load_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// A recording is sent at its own times, with its own targets and bodies; what comes after the end is not intended, nothing is
// sent in the warm-up, and latency counts from the recorded time however slow the system is.
func TestReplay(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	l := &scenarios.Load{Name: "users", To: "web", Replay: &scenarios.Replay{Requests: []scenarios.Recorded{
		{At: 0, Method: "GET", Target: "/items/7?x=1"}, {At: 0, Method: "POST", Target: "/orders", Body: `{"a": "{b}"}`, Type: "application/json", Kind: 1},
		{At: 250 * ms, Method: "POST", Target: "/orders", Kind: 1}, {At: 900 * ms, Method: "GET", Target: "/items/8"}, {At: 1000 * ms, Method: "GET", Target: "/items/9"},
	}}, Requests: []scenarios.Request{{Send: "GET /items/{id}", Weight: 3}, {Send: "POST /orders", Weight: 2}}}
	var got seen
	begun := time.Time{}
	d := virtually(t, []*scenarios.Load{l}, time.Second, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.add("%v %s %s %s %s", time.Since(begun).Round(ms), r.Method, r.URL, r.Header.Get("Content-Type"), body)
		time.Sleep(2 * time.Second)
	}), func(o *runner.Drive, _ *pipes) {
		begun = time.Now().Add(time.Second)
		o.Zero, o.From = begun, -time.Second
	})
	want := []string{"0s GET /items/7?x=1  ", `0s POST /orders application/json {"a": "{b}"}`, "250ms POST /orders  ", "900ms GET /items/8  "}
	if diff := cmp.Diff(want, got.what); diff != "" {
		t.Errorf("the server saw (-want +got):\n%s", diff)
	}
	for _, s := range d.samples {
		if off := s.Latency() - 2*time.Second; off < 0 || off > ms {
			t.Errorf("%s took %v", s.Request, s.Latency())
		}
	}
	if g := d.generator; g.Intended != 4 || g.Unsent != 0 || len(d.samples) != 4 {
		t.Errorf("%s", fmt.Sprintf("%+v", g))
	}
}
