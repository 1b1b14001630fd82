package node_test

import (
	"net/http"
	"testing"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A service sends nobody elsewhere by itself: what has no endpoint is not found, and a redirect that it responds with says so.
func TestNobodyIsRedirectedUnasked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		n := service("s", "GET /items/", work(ms))
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "GET /moved",
			Steps: []scenarios.Step{{Respond: &scenarios.Respond{Status: http.StatusFound}}}})
		w.start(n)
		for path, want := range map[string]int{
			"/items/": 200, "/items/1": 200, "/items": 404, "//items/1": 404, "/shop/../items/1": 404, "/items/./1": 404, "/moved": 302,
		} {
			got := w.ask("GET", "s:80"+path)
			if got.status != want {
				t.Errorf("GET %s: got %s, want %d", path, got, want)
			}
			if meant := got.header.Get(wire.HeaderRedirect) != ""; meant != (want == 302) {
				t.Errorf("GET %s: declared as a redirect: %v", path, meant)
			}
		}
	})
}

// A call that is answered with a redirect has not been served, unless the callee was to answer so or the caller wants it.
func TestCallsAreNotServedByARedirect(t *testing.T) {
	wanted := calls("away")
	wanted.Redirect = true
	for _, r := range []struct {
		name string
		step scenarios.Step
		want int
	}{
		{"undeclared", calls("away"), 502},
		{"wanted by the caller", wanted, 200},
		{"declared by the callee", calls("moved"), 200},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.leaf("away", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/login", http.StatusSeeOther) })
				w.start(service("moved", "GET /", scenarios.Step{Respond: &scenarios.Respond{Status: http.StatusSeeOther}}))
				w.start(service("s", "GET /", r.step), "away", "moved")
				if got := w.ask("GET", "s:80/"); got.status != r.want {
					t.Errorf("got %s, want %d", got, r.want)
				}
			})
		})
	}
}
